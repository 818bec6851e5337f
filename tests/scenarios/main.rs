mod readme;
mod walls;

mod load;
mod readme;
mod swap;
mod walls;

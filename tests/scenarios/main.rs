mod port_yml;
mod readme;
mod sources;
mod walls;

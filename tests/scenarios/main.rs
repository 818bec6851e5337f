mod fence;
mod hostile;
mod load;
mod readme;
mod swap;
mod walls;

mod fence;
mod hostile;
mod load;
mod purity;
mod readme;
mod swap;
mod walls;

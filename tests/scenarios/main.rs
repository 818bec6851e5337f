mod acme;
mod outages;
mod readme;
mod settings;
mod shutdown;
mod walls;
mod webhook;

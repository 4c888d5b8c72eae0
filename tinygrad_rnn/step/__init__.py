"""One time step as a graph: what can be read, its shapes, its rows, its gates and their names."""

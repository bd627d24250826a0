"""Functions that bring arrays to a common size: by batch, layer, group, vector or neighbours."""

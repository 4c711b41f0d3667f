"""gridopt beside its peers on published and synthetic instances, scored by one scorer; not part of the package."""

"""From a tier, a layout or a format to another."""

"""Load profiles from what people have: text or mapping in, profile mapping out."""

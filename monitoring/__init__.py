"""What watches a service: configuration and dashboards, and the generator that writes them."""

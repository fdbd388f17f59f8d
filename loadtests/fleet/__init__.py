"""Several processes that send one load: a master that deals and adds up, and workers that send."""

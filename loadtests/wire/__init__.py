"""The fast path: declared requests, sent from callbacks on gevent's own loop, without a greenlet each."""

"""The demo: the documentation of this Python, indexed and asked, in process and over HTTP.

Run it with ``python -m vectord.demo``; it needs the extra ``demo`` (scikit-learn). :mod:`.corpus` reads the
text, :mod:`.embed` makes vectors of it, :mod:`.ask` asks, :mod:`.serve` runs the service.
"""

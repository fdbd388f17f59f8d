"""Random selectors, with names of every kind that Prometheus 3 accepts."""

from __future__ import annotations

from hypothesis import strategies as st

from slo.promql import Matcher, Selector

_KEYWORDS = "bool by on ignoring group_left group_right inf nan Inf NaN sum offset or and start end without"
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.from_regex(r"[a-z_.\-]{1,8}", fullmatch=True),
    st.sampled_from(
        ["http.server.requests", 'a"b', "a\\b", "a\nb", "日本", "a:b", "1a", "a\ufffd", *_KEYWORDS.split()]
    ),
).filter(lambda name: name != "__name__")
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PATTERNS = st.sampled_from(["5..", "a|b", ".+", r"\d+", r"a\.b", '[^"]*'])
_MATCHERS = st.one_of(
    st.builds(Matcher, NAMES, st.sampled_from(["=", "!="]), VALUES),
    st.builds(Matcher, NAMES, st.sampled_from(["=~", "!~"]), _PATTERNS),
)
SELECTORS = st.builds(
    Selector, NAMES, st.lists(_MATCHERS, max_size=4, unique_by=lambda matcher: matcher.label).map(tuple)
)

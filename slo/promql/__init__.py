"""PromQL: parsing, the shapes that raw samples answer exactly, window variables, and the queries of a spec.

It sends no query.
"""

from slo.promql.expressions import (
    Expression,
    GroupingLabels,
    Matcher,
    PromQLError,
    Selector,
    SelectorSum,
    Shape,
)
from slo.promql.indicators import (
    EventsIndicator,
    GaugeIndicator,
    Indicator,
    PercentileIndicator,
    ServerIndicator,
    is_cumulative,
    is_evaluated_by_server,
    list_selectors,
    parse_indicator,
)
from slo.promql.parser import (
    find_quoted_names,
    find_read_metrics,
    find_selectors,
    parse_expression,
    parse_selector,
    parse_sum,
    parse_syntax_tree,
    strip_fallback,
)
from slo.promql.query_plan import (
    PROCESS_START_METRIC,
    UP_METRIC,
    QueryPlan,
    escape_job_name,
    list_counters,
    list_existence_queries,
    plan_queries,
    select_created_timestamps,
    select_metric_of_jobs,
)
from slo.promql.query_problems import split_source
from slo.promql.query_variables import fill_window, remove_quoted_text
from slo.promql.ratio_events import convert_to_events, parse_event_ratio

__all__ = [
    "PROCESS_START_METRIC",
    "UP_METRIC",
    "EventsIndicator",
    "Expression",
    "GaugeIndicator",
    "GroupingLabels",
    "Indicator",
    "Matcher",
    "PercentileIndicator",
    "PromQLError",
    "QueryPlan",
    "Selector",
    "SelectorSum",
    "ServerIndicator",
    "Shape",
    "convert_to_events",
    "escape_job_name",
    "fill_window",
    "find_quoted_names",
    "find_read_metrics",
    "find_selectors",
    "is_cumulative",
    "is_evaluated_by_server",
    "list_counters",
    "list_existence_queries",
    "list_selectors",
    "parse_event_ratio",
    "parse_expression",
    "parse_indicator",
    "parse_selector",
    "parse_sum",
    "parse_syntax_tree",
    "plan_queries",
    "remove_quoted_text",
    "select_created_timestamps",
    "select_metric_of_jobs",
    "split_source",
    "strip_fallback",
]

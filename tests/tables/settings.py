"""Settings of Hypothesis under which each run draws the same examples."""

from hypothesis import HealthCheck, settings

CI = settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

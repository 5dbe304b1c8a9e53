"""Settings of Hypothesis under which each run draws the same examples."""

from hypothesis import HealthCheck, Phase, settings

# Without the phase that looks which parts of a shrunk example matter: most of the time of tests that shrink one.
CI = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)

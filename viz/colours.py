"""The colours of pictures: those of lines, texts and grounds, the tints of numbers, and each one's dark twin."""

from __future__ import annotations

__all__ = [
    "ALARM", "ALARM_INK", "CLOSED", "DARK_FILL", "DARK_STROKE", "DARK_TINTS", "FORWARD", "GRADIENT", "GROUND", "INK",
    "LINE", "MUTED", "NEGATIVE", "OPEN", "OPEN_EDGE", "PALE", "POSITIVE",
]  # fmt: skip

# Okabe and Ito's blue and vermilion, which colour-blind people tell apart.
INK, FORWARD, GRADIENT, MUTED, LINE = "#222222", "#0072b2", "#d55e00", "#6b6b6b", "#555555"
GROUND, PALE, OPEN, OPEN_EDGE, CLOSED = "#ffffff", "#f4f4f4", "#f3f6fa", "#9aa7b5", "#2f3b4c"
ALARM, ALARM_INK = "#f0e442", "#111111"

# Grounds of numbers above and below 0, the larger the stronger.
POSITIVE = ("#eaf3fa", "#d0e6f5", "#b0d5ee", "#8ec3e6")
NEGATIVE = ("#fdf0e4", "#fbdfc4", "#f8cb9e", "#f4b473")

# The twin of each colour on a dark page. A colour that is used both on lines and as a ground has two.
DARK_TINTS = dict(
    zip(
        POSITIVE + NEGATIVE,
        ("#1b2a36", "#1d3850", "#1f4a6e", "#205c8c", "#332619", "#4d3317", "#6b4314", "#8a5410"),
        strict=True,
    )
)
DARK_FILL = {
    INK: "#e8e8e8", "black": "#e8e8e8", FORWARD: "#56b4e9", GRADIENT: "#ffa552", MUTED: "#a8a8a8", LINE: "#b4b4b4",
    GROUND: "#16191d", "white": "#16191d", PALE: "#282c31", OPEN: "#1e252e", CLOSED: "#c9d4e2", **DARK_TINTS,
}  # fmt: skip
DARK_STROKE = {
    FORWARD: "#56b4e9", GRADIENT: "#ffa552", INK: "#e8e8e8", "black": "#e8e8e8", LINE: "#b4b4b4",
    OPEN_EDGE: "#5d6b7a", CLOSED: "#c9d4e2",
}  # fmt: skip

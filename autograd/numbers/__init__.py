"""Arithmetic on plain doubles: functions of C's library and beyond it, exact sums, arrays. Knows no primitive."""

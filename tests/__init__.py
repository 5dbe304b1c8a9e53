"""The tests: a folder for each part of the project, one for the project as a whole, and the tables that they share."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

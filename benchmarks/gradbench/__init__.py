"""This engine as a tool of GradBench (github.com/gradbench/gradbench): see README.md beside this file."""

"""From a view to text: DOT in three styles, Mermaid, TikZ, SVG, a tree."""

"""Draws a bar chart as SVG, without a library."""

from html import escape

WIDTH, BAR, GAP, LEFT, TOP = 860, 18, 8, 330, 44


def bars(title, points):
    """(name, value) from top to bottom, with a line at 1."""
    largest = max(max(value for _, value in points), 1.0)
    scale = (WIDTH - LEFT - 70) / largest
    height = TOP + len(points) * (BAR + GAP) + 16
    one = LEFT + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" fill="#222222">{escape(title)}</text>',
    ]
    for index, (name, value) in enumerate(points):
        y = TOP + index * (BAR + GAP)
        parts.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end" fill="#222222">{escape(name)}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="#2b6cb0"/>')
        parts.append(f'<text x="{LEFT + value * scale + 6:.1f}" y="{y + 14}" fill="#222222">{value:.2f}</text>')
    parts.append(
        f'<line x1="{one:.1f}" y1="{TOP - 6}" x2="{one:.1f}" y2="{height - 10}" '
        'stroke="#c05621" stroke-dasharray="4 3"/>'
    )
    return "\n".join(parts + ["</svg>", ""])

internal import Reporting

// Shapes of the replay plot. Coordinates have one decimal.

extension SVG {
    enum Anchor: String {
        case start, middle, end
    }

    mutating func rectangle(x: Double, y: Double, width: Double, height: Double, fill: String) {
        add(
            "rect",
            [
                "x": decimals(x, 1), "y": decimals(y, 1), "width": decimals(width, 1), "height": decimals(height, 1),
                "fill": fill,
            ])
    }

    mutating func line(from: (x: Double, y: Double), to: (x: Double, y: Double), stroke: String, width: Double = 1) {
        add(
            "line",
            [
                "x1": decimals(from.x, 1), "y1": decimals(from.y, 1), "x2": decimals(to.x, 1), "y2": decimals(to.y, 1),
                "stroke": stroke, "stroke-width": decimals(width, 1),
            ])
    }

    mutating func text(
        _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 11, isBold: Bool = false,
        fill: String = "#222222"
    ) {
        let place = [("x", decimals(x, 1)), ("y", decimals(y, 1)), ("text-anchor", anchor.rawValue)]
        let weight = isBold ? [("font-weight", "bold")] : []
        add("text", place + [("font-size", decimals(size, 1))] + weight + [("fill", fill)], text: text)
    }
}

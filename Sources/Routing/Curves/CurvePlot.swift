internal import Foundation
internal import Reporting

/// A plot (SVG 1.1) of quality against cost: the curves of a sweep or study, and the single models as points.
public struct CurvePlot {
    private let title: String
    private let curves: RouteStudyCurves
    /// Drawing area in pixels.
    private let frame = (left: 64.0, top: 40.0, width: 560.0, height: 360.0)

    /// Arranges curves under a title.
    public init(title: String, curves: RouteStudyCurves) {
        self.title = title
        self.curves = curves
    }

    /// The plot as an SVG document of 840 × 460 pixels, with its legend on the right.
    public var svg: String {
        var drawing = SVG(["width": "840", "height": "460", "font-family": "sans-serif", "font-size": "12"])
        drawing.add("rect", ["width": "840", "height": "460", "fill": "white"])
        drawing.add("text", ["x": "\(frame.left)", "y": "24", "font-size": "15"], text: title)
        drawAxes(&drawing)
        for (index, line) in curves.lines.enumerated() { draw(line, index: index, &drawing) }
        drawSingles(&drawing)
        return drawing.document
    }

    private static let colours = [
        "router": "#1b6ca8", "neighbours": "#c77700", "random": "#777777", "oracle": "#2a8a4a",
    ]
    private static let names = [
        "router": "value model", "neighbours": "10 nearest neighbours", "random": "random mixture",
        "oracle": "oracle (rewards known)",
    ]

    private var range: ClosedRange<Double> {
        let all = curves.lines.flatMap(\.points).map(\.quality) + curves.singles.map(\.quality)
        let low = max(0, ((all.min() ?? 0) * 20).rounded(.down) / 20)
        let high = min(1, ((all.max() ?? 1) * 20).rounded(.up) / 20)
        return low < high ? low...high : 0...1
    }

    /// Prices differ by factors, so on a linear scale most points would be at the left edge.
    private var isLogarithmic: Bool { curves.cheapest > 0 && curves.dearest / curves.cheapest > 5 }

    private func x(_ cost: Double) -> Double {
        let scale = { (cost: Double) in isLogarithmic ? log(max(cost, curves.cheapest / 2)) : cost }
        let span = scale(curves.dearest) - scale(curves.cheapest)
        let place = span > 0 ? (scale(cost) - scale(curves.cheapest)) / span : 0
        return frame.left + min(max(place, -0.02), 1.02) * frame.width
    }

    /// The cost at a place of the axis, from 0 to 1.
    private func cost(at place: Double) -> Double {
        isLogarithmic
            ? curves.cheapest * pow(curves.dearest / curves.cheapest, place)
            : curves.cheapest + place * (curves.dearest - curves.cheapest)
    }

    private func y(_ quality: Double) -> Double {
        let range = range
        return frame.top + (1 - (quality - range.lowerBound) / (range.upperBound - range.lowerBound)) * frame.height
    }

    private func drawAxes(_ drawing: inout SVG) {
        let range = range
        let (left, right, bottom) = (frame.left, frame.left + frame.width, frame.top + frame.height)
        for step in 0...5 {
            let quality = range.lowerBound + Double(step) / 5 * (range.upperBound - range.lowerBound)
            let height = Self.number(y(quality))
            drawing.add(
                "line", ["x1": "\(left)", "x2": "\(right)", "y1": height, "y2": height, "stroke": "#dddddd"])
            drawing.add(
                "text", ["x": "\(left - 8)", "y": height, "text-anchor": "end", "dominant-baseline": "middle"],
                text: printfDecimals(quality, 2))
            let cost = cost(at: Double(step) / 5)
            drawing.add(
                "text", ["x": Self.number(x(cost)), "y": "\(bottom + 18)", "text-anchor": "middle"],
                text: String(format: "%.3g", cost * 1000))
        }
        drawing.add(
            "text", ["x": "\(left + frame.width / 2)", "y": "\(bottom + 38)", "text-anchor": "middle"],
            text: "dollars per thousand prompts\(isLogarithmic ? " (logarithmic)" : "")")
        let middle = frame.top + frame.height / 2
        drawing.add(
            "text",
            ["x": "16", "y": "\(middle)", "text-anchor": "middle", "transform": "rotate(-90 16 \(middle))"],
            text: "mean reward")
    }

    private func draw(_ line: RouteStudyCurves.Line, index: Int, _ drawing: inout SVG) {
        let colour = Self.colours[line.name] ?? "#000000"
        // A budget need not be spent: beyond its most expensive setting a curve is level.
        let last = line.points.last.map { [(curves.dearest, $0.quality)] } ?? []
        let corners = line.points.map { ($0.cost, $0.quality) } + last
        var path: [(Double, Double)] = corners.prefix(1).map { $0 }
        // A mixture of two settings is a straight line only on a linear scale, so it is drawn in eight pieces.
        for (left, right) in zip(corners, corners.dropFirst()) {
            for step in 1...8 {
                let share = Double(step) / 8
                path.append((left.0 + share * (right.0 - left.0), left.1 + share * (right.1 - left.1)))
            }
        }
        let points = path.map { "\(Self.number(x($0.0))),\(Self.number(y($0.1)))" }.joined(separator: " ")
        let height = frame.top + 10 + Double(index) * 18
        let legend = frame.left + frame.width + 30
        let stroke: [(String, String)] =
            [("stroke", colour), ("stroke-width", "2")] + (line.name == "random" ? [("stroke-dasharray", "5 4")] : [])
        drawing.add("polyline", [("points", points), ("fill", "none")] + stroke)
        drawing.add(
            "line",
            [("x1", "\(legend)"), ("x2", "\(legend + 18)"), ("y1", "\(height)"), ("y2", "\(height)")] + stroke)
        drawing.add(
            "text", ["x": "\(legend + 23)", "y": "\(height + 4)", "font-size": "11"],
            text: Self.names[line.name] ?? line.name)
    }

    /// Single models are numbered in the plot and named in the legend, because their names are long and would overlap.
    private func drawSingles(_ drawing: inout SVG) {
        let legend = frame.left + frame.width + 30
        let ranked = curves.singles.sorted { $0.cost < $1.cost }
        for (index, single) in ranked.enumerated() {
            let (across, down) = (x(single.cost), y(single.quality))
            let height = frame.top + 24 + Double(curves.lines.count) * 18 + Double(index) * 15
            drawing.add(
                "circle", ["cx": Self.number(across), "cy": Self.number(down), "r": "3.5", "fill": "#a03030"])
            drawing.add("text", ["x": Self.number(across + 5), "y": Self.number(down - 5)], text: "\(index + 1)")
            let name = single.label.count > 22 ? String(single.label.prefix(21)) + "…" : single.label
            drawing.add(
                "text", ["x": "\(legend)", "y": "\(height)", "font-size": "10"], text: "\(index + 1) \(name)")
        }
    }

    private static func number(_ value: Double) -> String { printfDecimals(value, 1) }
}

import Foundation

/// Quality against cost as a picture (SVG 1.1): the curves of a sweep or study, and the single models as points.
public struct CurvePlot {
    private let title: String
    private let curves: RouteStudyCurves
    /// Drawing area in pixels.
    private let frame = (left: 64.0, top: 40.0, width: 560.0, height: 360.0)

    /// Lays out curves under a title.
    public init(title: String, curves: RouteStudyCurves) {
        self.title = title
        self.curves = curves
    }

    /// The picture, 840 × 460 pixels, with its legend at the right.
    public var svg: String {
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"840\" height=\"460\" font-family=\"sans-serif\""
                + " font-size=\"12\">",
            "<rect width=\"840\" height=\"460\" fill=\"white\"/>",
            "<text x=\"\(frame.left)\" y=\"24\" font-size=\"15\">\(Self.escaped(title))</text>",
        ]
        parts += axes
        for (index, line) in curves.lines.enumerated() { parts += draw(line, index: index) }
        parts += singles
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
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

    /// Prices differ by factors, so most of what is of interest would stand at the left edge of an even scale.
    private var isLogarithmic: Bool { curves.cheapest > 0 && curves.dearest / curves.cheapest > 5 }

    private func x(_ cost: Double) -> Double {
        let scale = { (cost: Double) in isLogarithmic ? log(max(cost, curves.cheapest / 2)) : cost }
        let span = scale(curves.dearest) - scale(curves.cheapest)
        let place = span > 0 ? (scale(cost) - scale(curves.cheapest)) / span : 0
        return frame.left + min(max(place, -0.02), 1.02) * frame.width
    }

    /// The cost at a place of the axis.
    private func cost(at place: Double) -> Double {
        isLogarithmic
            ? curves.cheapest * pow(curves.dearest / curves.cheapest, place)
            : curves.cheapest + place * (curves.dearest - curves.cheapest)
    }

    private func y(_ quality: Double) -> Double {
        let range = range
        return frame.top + (1 - (quality - range.lowerBound) / (range.upperBound - range.lowerBound)) * frame.height
    }

    private var axes: [String] {
        let range = range
        var parts: [String] = []
        for step in 0...5 {
            let quality = range.lowerBound + Double(step) / 5 * (range.upperBound - range.lowerBound)
            let height = Self.number(y(quality))
            parts.append(
                "<line x1=\"\(frame.left)\" x2=\"\(frame.left + frame.width)\" y1=\"\(height)\" y2=\"\(height)\""
                    + " stroke=\"#dddddd\"/>")
            parts.append(
                "<text x=\"\(frame.left - 8)\" y=\"\(height)\" text-anchor=\"end\" dominant-baseline=\"middle\">"
                    + String(format: "%.2f", quality) + "</text>")
            let cost = cost(at: Double(step) / 5)
            parts.append(
                "<text x=\"\(Self.number(x(cost)))\" y=\"\(frame.top + frame.height + 18)\" text-anchor=\"middle\">"
                    + String(format: "%.3g", cost * 1000) + "</text>")
        }
        parts.append(
            "<text x=\"\(frame.left + frame.width / 2)\" y=\"\(frame.top + frame.height + 38)\" text-anchor=\"middle\">"
                + "dollars per thousand prompts\(isLogarithmic ? " (logarithmic)" : "")</text>")
        parts.append(
            "<text x=\"16\" y=\"\(frame.top + frame.height / 2)\" text-anchor=\"middle\" transform=\"rotate(-90 16"
                + " \(frame.top + frame.height / 2))\">mean reward</text>")
        return parts
    }

    private func draw(_ line: RouteStudyCurves.Line, index: Int) -> [String] {
        let colour = Self.colours[line.name] ?? "#000000"
        // Money need not be spent: behind its dearest setting a curve is level.
        let last = line.points.last.map { [(curves.dearest, $0.quality)] } ?? []
        let corners = line.points.map { ($0.cost, $0.quality) } + last
        var path: [(Double, Double)] = corners.prefix(1).map { $0 }
        // A mixture of two settings is a straight line on an even scale only.
        for (left, right) in zip(corners, corners.dropFirst()) {
            for step in 1...8 {
                let share = Double(step) / 8
                path.append((left.0 + share * (right.0 - left.0), left.1 + share * (right.1 - left.1)))
            }
        }
        let points = path.map { "\(Self.number(x($0.0))),\(Self.number(y($0.1)))" }
        let dash = line.name == "random" ? " stroke-dasharray=\"5 4\"" : ""
        let height = frame.top + 10 + Double(index) * 18
        let legend = frame.left + frame.width + 30
        return [
            "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\""
                + " stroke-width=\"2\"\(dash)/>",
            "<line x1=\"\(legend)\" x2=\"\(legend + 18)\" y1=\"\(height)\" y2=\"\(height)\" stroke=\"\(colour)\""
                + " stroke-width=\"2\"\(dash)/>",
            "<text x=\"\(legend + 23)\" y=\"\(height + 4)\" font-size=\"11\">"
                + "\(Self.escaped(Self.names[line.name] ?? line.name))</text>",
        ]
    }

    /// Numbered in the picture, named in the legend: names of models are long and stand close together.
    private var singles: [String] {
        var parts: [String] = []
        let legend = frame.left + frame.width + 30
        let ranked = curves.singles.sorted { $0.cost < $1.cost }
        for (index, single) in ranked.enumerated() {
            let (across, down) = (Self.number(x(single.cost)), Self.number(y(single.quality)))
            let height = frame.top + 24 + Double(curves.lines.count) * 18 + Double(index) * 15
            parts.append("<circle cx=\"\(across)\" cy=\"\(down)\" r=\"3.5\" fill=\"#a03030\"/>")
            parts.append(
                "<text x=\"\(Self.number(x(single.cost) + 5))\" y=\"\(Self.number(y(single.quality) - 5))\">\(index + 1)</text>"
            )
            let name = single.label.count > 22 ? String(single.label.prefix(21)) + "…" : single.label
            parts.append(
                "<text x=\"\(legend)\" y=\"\(height)\" font-size=\"10\">\(index + 1) \(Self.escaped(name))</text>")
        }
        return parts
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

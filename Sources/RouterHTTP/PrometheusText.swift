/// Prometheus' text exposition (version 0.0.4). Knows nothing of routing; any HTTP face may use it.
package struct PrometheusText {
    private var lines: [String] = []

    /// Nothing told yet.
    package init() {}

    /// The content type that goes with it.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What a metric is.
    package enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    /// A metric's name, what it is and all its values, each under its labels.
    package mutating func metric(
        _ name: String, _ kind: Kind, _ help: String, _ values: [(labels: [(String, String)], value: Double)]
    ) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(kind.rawValue)")
        for (labels, value) in values { lines.append("\(name)\(Self.braces(labels)) \(Self.number(value))") }
    }

    /// A histogram without labels; `counts` has one entry more than `bounds`, for what is above all of them.
    package mutating func histogram(_ name: String, _ help: String, bounds: [Double], counts: [Int], sum: Double) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(Kind.histogram.rawValue)")
        var total = 0
        for (place, count) in counts.enumerated() {
            total += count
            let bound = place < bounds.count ? Self.number(bounds[place]) : "+Inf"
            lines.append("\(name)_bucket{le=\"\(bound)\"} \(total)")
        }
        lines.append("\(name)_sum \(Self.number(sum))")
        lines.append("\(name)_count \(total)")
    }

    /// Everything, with the line end that the format wants.
    package var text: String { lines.joined(separator: "\n") + "\n" }

    private static func braces(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}

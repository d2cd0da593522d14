/// Prometheus' text exposition format, version 0.0.4, line by line.
struct PrometheusText {
    private(set) var text = ""

    /// Begins a family; its samples follow.
    mutating func begin(_ family: MetricFamily) {
        text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    /// A series as counted so far: one sample, or the buckets, sum and count of a histogram.
    mutating func add(_ series: MetricSeries, of family: MetricFamily) {
        let now = series.current
        guard family.kind == .histogram else {
            return sample(family.name, series.labels, now.value, family.numbers)
        }
        add(counts: now.buckets, sum: now.value, labels: series.labels, of: family)
    }

    /// The buckets, sum and count of a histogram. `counts` are those of each bucket alone.
    mutating func add(counts: [Int], sum: Double, labels: [(String, String)], of family: MetricFamily) {
        var total = 0
        for (place, count) in counts.enumerated() {
            total += count
            let bound =
                place < family.bounds.count ? Self.number(family.bounds[place], family.numbers) : "+Inf"
            sample(family.name + "_bucket", labels + [("le", bound)], Double(total), .plain)
        }
        sample(family.name + "_sum", labels, sum, family.numbers)
        sample(family.name + "_count", labels, Double(total), .plain)
    }

    /// One sample.
    mutating func sample(
        _ name: String, _ labels: [(String, String)], _ value: Double, _ numbers: MetricFamily.NumberStyle
    ) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value, numbers))\n"
    }

    private static func number(_ value: Double, _ style: MetricFamily.NumberStyle) -> String {
        switch style {
        case .plain: value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        case .decimal: "\(value)"
        }
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}

/// Samples that are read from a snapshot when the export is written, by family.
public struct CollectedSamples {
    private(set) var samples: [String: [(labels: [(String, String)], value: Double)]] = [:]
    private(set) var histograms: [String: (counts: [Int], sum: Double)] = [:]

    /// Adds a sample.
    public mutating func add(_ name: String, _ value: Int, _ labels: KeyValuePairs<String, String> = [:]) {
        add(name, Double(value), labels)
    }

    /// Adds a sample.
    public mutating func add(_ name: String, _ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        samples[name, default: []].append((labels.map { ($0.key, $0.value) }, value))
    }

    /// Adds a sample for each value of one label.
    public mutating func add(_ name: String, by label: String, _ values: KeyValuePairs<String, Int>) {
        for (key, value) in values { add(name, value, [label: key]) }
    }

    /// Adds a histogram: how many values are in each bucket alone, the last one above all bounds of the family, and the
    /// sum of all values.
    public mutating func add(histogram name: String, counts: [Int], sum: Double) {
        histograms[name] = (counts, sum)
    }
}

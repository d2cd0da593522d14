import ModelFiles

/// How a compact head reads the columns of references, from its file's metadata.
struct CompactHeadReferences: Sendable {
    /// What is tried, in log-odds; the first has neither variance nor slope.
    let options: [ColumnOption.Single]
    /// Mean and variance of a column's slope where log-odds are linearised.
    let slope: (mean: Double, variance: Double)
    /// Standard deviations of the link's offset and slope.
    let linkDeviations: SIMD2<Double>

    private struct Metadata: Decodable {
        let options: [[Double]]
        let slope: [Double]
        let link_deviation: [Double]
    }

    private static let key = "references"
    private static let optionsMax = 64

    /// Throws `damaged` where the metadata is missing or has values that cannot be computed with.
    init(_ tensors: CompactHeadTensors) throws(ModelError) {
        let metadata = try tensors.metadata(Self.key, as: Metadata.self)
        let options = metadata.options.filter { $0.count == 3 }.map {
            ColumnOption.Single(variance: $0[0], slope: $0[1], prior: $0[2])
        }
        guard options.count == metadata.options.count, (2...Self.optionsMax).contains(options.count),
            options.allSatisfy({ $0.variance >= 0 && $0.variance.isFinite && $0.slope.isFinite && $0.prior > 0 }),
            options[0].variance == 0, options[0].slope == 0
        else {
            throw tensors.damaged(Self.key, "its options are not [variance, slope, prior], the first [0, 0, prior]")
        }
        guard metadata.slope.count == 2, metadata.slope[0].isFinite, metadata.slope[1] > 0 else {
            throw tensors.damaged(Self.key, "its slope is not [mean, variance above 0]")
        }
        guard metadata.link_deviation.count == 2, metadata.link_deviation.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw tensors.damaged(Self.key, "its link_deviation is not two numbers above 0")
        }
        self.options = options
        slope = (metadata.slope[0], metadata.slope[1])
        linkDeviations = SIMD2(metadata.link_deviation[0], metadata.link_deviation[1])
    }
}

public import ModelFiles

/// Sizes of a TabPFN v2.5 classifier, by the names of a model folder's `statezero.json`.
public struct TabPFNConfiguration: Sendable, Equatable {
    /// How a group of columns becomes a token.
    public enum Encoder: Sendable, Equatable {
        /// One linear layer.
        case linear
        /// Two linear layers with a GELU between, `inner` wide.
        case mlp(inner: Int)
    }

    /// Channels of a token, d.
    public var width: Int
    /// Layers, L.
    public var layers: Int
    /// Attention heads, h.
    public var heads: Int
    /// Columns that share a token.
    public var columnsPerGroup: Int
    /// Width of a layer's inner product over d.
    public var innerFactor: Int
    /// Learned rows that precede every context, T.
    public var thinkingRows: Int
    /// Classes of the decoder; V0 reads the first two.
    public var classes: Int
    /// How a group of columns becomes a token.
    public var encoder: Encoder
    /// Deviations beyond which a value is an outlier.
    public var outlierSigma: Double

    /// Lists the sizes; the defaults are those of V0's checkpoint.
    public init(
        width: Int = 192, layers: Int = 24, heads: Int = 3, columnsPerGroup: Int = 3, innerFactor: Int = 2,
        thinkingRows: Int = 64, classes: Int = 10, encoder: Encoder = .linear, outlierSigma: Double = 12
    ) {
        self.width = width
        self.layers = layers
        self.heads = heads
        self.columnsPerGroup = columnsPerGroup
        self.innerFactor = innerFactor
        self.thinkingRows = thinkingRows
        self.classes = classes
        self.encoder = encoder
        self.outlierSigma = outlierSigma
    }

    /// Channels of a head.
    public var headWidth: Int { width / heads }

    /// Groups, and so tokens before the target, of a table with `features` columns and the fingerprint.
    public func groups(features: Int) -> Int { (features + columnsPerGroup) / columnsPerGroup }

    /// Floats from token to token: products have whole panels of 16 columns, the rest of the last is zero.
    var stride: Int { Self.roundedUp(width) }
    /// Floats from row to row of queries, keys and values side by side.
    var wideStride: Int { Self.roundedUp(3 * width) }
    /// Floats from row to row between the two products of a layer.
    var innerStride: Int { Self.roundedUp(innerFactor * width) }

    static func roundedUp(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Throws `unsupported`, naming `file`, for sizes that make no sense or that the kernels do not do.
    public func check(file: String) throws(ModelError) {
        let positive = [
            ("width", width), ("layers", layers), ("heads", heads), ("columns_per_group", columnsPerGroup),
            ("inner_factor", innerFactor),
        ]
        for (key, value) in positive where !(1...65_536).contains(value) {
            throw .unsupported(file: file, key: key, found: "\(value)", supported: "1 to 65536")
        }
        guard width % (8 * heads) == 0 else {
            throw .unsupported(
                file: file, key: "width", found: "\(width)", supported: "multiples of 8 for each of \(heads) heads")
        }
        guard width % 4 == 0, (0...65_536).contains(thinkingRows) else {
            throw .unsupported(file: file, key: "thinking_rows", found: "\(thinkingRows)", supported: "0 to 65536")
        }
        guard (2...1000).contains(classes) else {
            throw .unsupported(file: file, key: "classes", found: "\(classes)", supported: "2 to 1000")
        }
        if case .mlp(let inner) = encoder, !(1...65_536).contains(inner) {
            throw .unsupported(file: file, key: "encoder_inner", found: "\(inner)", supported: "1 to 65536")
        }
        guard outlierSigma > 0, outlierSigma.isFinite else {
            throw .unsupported(
                file: file, key: "outlier_sigma", found: "\(outlierSigma)", supported: "positive numbers")
        }
    }
}

/// How answers of several differently arranged tables are put together.
public struct EnsembleConfiguration: Sendable, Equatable {
    /// Tables, E.
    public var members: Int
    /// What logits are divided by before they are averaged.
    public var temperature: Double
    /// Decides salts and permutations.
    public var seed: UInt64

    /// Lists the choices; the defaults are V0's.
    public init(members: Int = 4, temperature: Double = 0.9, seed: UInt64 = 0) {
        self.members = members
        self.temperature = temperature
        self.seed = seed
    }

    /// Throws `unsupported`, naming `file`.
    public func check(file: String) throws(ModelError) {
        guard (1...64).contains(members) else {
            throw .unsupported(file: file, key: "members", found: "\(members)", supported: "1 to 64")
        }
        guard temperature > 0, temperature.isFinite else {
            throw .unsupported(file: file, key: "temperature", found: "\(temperature)", supported: "positive numbers")
        }
    }
}

import Foundation
public import Kernels
public import ModelFiles

/// Pools the states of a prompt's tokens into its features, in one of V0's three ways.
///
/// `last_token` uses the last state unchanged. The other two let a number of small queries attend to all tokens:
/// learned ones (`fixed_query`), or those plus a correction that a bottleneck makes of the last state
/// (`dynamic_query`). Keys are layer-normed, values are not, and there is no residual around the attention; see
/// `DynamicQueryAdapter` in V0's `v0_core/models/v0.py`.
///
/// Computed in double precision, because a LayerNorm over six nearly equal numbers is sensitive; a prompt of 2,048 tokens
/// needs a hundredth of the encoder's time. A prompt's features depend on that prompt alone.
public struct QueryAdapter: Sendable {
    /// Which of the three ways, as `statezero.json` spells it.
    public enum Pooling: String, Sendable, Decodable, CaseIterable {
        /// The last token's state.
        case lastToken = "last_token"
        /// Learned queries.
        case fixedQuery = "fixed_query"
        /// Learned queries, corrected by the last token.
        case dynamicQuery = "dynamic_query"
    }

    /// Sizes, by the names of `statezero.json`.
    public struct Configuration: Sendable, Equatable {
        /// Queries.
        public var queries: Int
        /// Channels of a query.
        public var width: Int
        /// Heads.
        public var heads: Int
        /// Channels between the two layers that correct the queries; not used by `fixed_query`.
        public var bottleneck: Int

        /// Lists the sizes; the defaults are V0's.
        public init(queries: Int = 168, width: Int = 6, heads: Int = 3, bottleneck: Int = 128) {
            self.queries = queries
            self.width = width
            self.heads = heads
            self.bottleneck = bottleneck
        }
    }

    /// Channels of a token's state, D.
    public let inputs: Int
    /// Features of a prompt, F.
    public let features: Int
    /// Which of the three ways.
    public let pooling: Pooling
    private let parts: Parts?

    private struct Parts: Sendable {
        let configuration: Configuration
        let queries: [Double]
        let generator: Generator?
        let keysValues: Linear
        let queryNorm: Norm
        let keyNorm: Norm
        let query: Linear
        let key: Linear
        let value: Linear
        let output: Linear
    }

    private struct Generator: Sendable {
        let inner: Linear
        let norm: Norm
        let outer: Linear
    }

    /// The adapter that uses the last token's state.
    public static func lastToken(inputs: Int) -> QueryAdapter {
        QueryAdapter(inputs: inputs, features: inputs, pooling: .lastToken, parts: nil)
    }

    private init(inputs: Int, features: Int, pooling: Pooling, parts: Parts?) {
        self.inputs = inputs
        self.features = features
        self.pooling = pooling
        self.parts = parts
    }

    /// Reads an adapter's tensors, named as in V0's checkpoint without `adapter_layer.`; `last_token` reads none.
    ///
    /// Throws `unsupported` for sizes that are not possible or a tensor that this way of pooling does not have,
    /// `tensorMissing`, `tensorShape` and `tensorType`.
    public init(
        _ pooling: Pooling, weights file: SafetensorsFile, inputs: Int, configuration c: Configuration
    ) throws(ModelError) {
        guard pooling != .lastToken else {
            self = .lastToken(inputs: inputs)
            return
        }
        try Self.check(c, file: file.path)
        let isDynamic = pooling == .dynamicQuery
        let shapes = Self.shapes(isDynamic, inputs, c)
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            guard let entry = file.header.entries[name] else { throw .tensorMissing(file: file.path, tensor: name) }
            guard entry.shape == shape else {
                throw .tensorShape(file: file.path, tensor: name, expected: shape, found: entry.shape)
            }
        }
        if let extra = file.header.entries.keys.filter({ shapes[$0] == nil }).min() {
            throw .unsupported(
                file: file.path, key: "tensor \(extra)", found: "in the file",
                supported: "the tensors of a \(pooling.rawValue) adapter")
        }
        func read(_ name: String) throws(ModelError) -> [Double] {
            guard let shape = shapes[name] else { throw .tensorMissing(file: file.path, tensor: name) }
            return try file.floats(name, shape: shape).map(Double.init)
        }
        let (weight, bias) = (try read("mha.in_proj_weight"), try read("mha.in_proj_bias"))
        func third(_ index: Int) -> Linear {
            Linear(
                weight: Array(weight[index * c.width * c.width..<(index + 1) * c.width * c.width]),
                bias: Array(bias[index * c.width..<(index + 1) * c.width]))
        }
        var generator: Generator?
        if isDynamic {
            generator = Generator(
                inner: Linear(weight: try read("generator.0.weight"), bias: try read("generator.0.bias")),
                norm: Norm(weight: try read("generator.1.weight"), bias: try read("generator.1.bias")),
                outer: Linear(weight: try read("generator.4.weight"), bias: try read("generator.4.bias")))
        }
        self.init(
            inputs: inputs, features: c.queries * c.width, pooling: pooling,
            parts: Parts(
                configuration: c, queries: try read(isDynamic ? "static_queries" : "queries"), generator: generator,
                keysValues: Linear(weight: try read("proj_kv.weight"), bias: try read("proj_kv.bias")),
                queryNorm: Norm(weight: try read("ln_q.weight"), bias: try read("ln_q.bias")),
                keyNorm: Norm(weight: try read("ln_kv.weight"), bias: try read("ln_kv.bias")),
                query: third(0), key: third(1), value: third(2),
                output: Linear(weight: try read("mha.out_proj.weight"), bias: try read("mha.out_proj.bias"))))
    }

    /// (T, D) states of one prompt's tokens, rows `tokens` of a buffer, to F features. Precondition: T ≥ 1.
    public func apply(_ states: FloatBuffer, tokens: Range<Int>) -> [Float] {
        precondition(!tokens.isEmpty, "QueryAdapter: a prompt without tokens")
        let last = states.copy((tokens.upperBound - 1) * inputs..<tokens.upperBound * inputs)
        guard let parts else { return last }
        let c = parts.configuration
        var queries = parts.queries
        if let generator = parts.generator {
            let bottleneck = generator.norm.apply(generator.inner.apply(last.map(Double.init))).map(Self.gelu)
            for (index, correction) in generator.outer.apply(bottleneck).enumerated() { queries[index] += correction }
        }
        var (keys, values): ([Double], [Double]) = ([], [])
        for token in tokens {
            let state = states.copy(token * inputs..<(token + 1) * inputs).map(Double.init)
            let keyValue = parts.keysValues.apply(state)
            keys += parts.key.apply(parts.keyNorm.apply(keyValue))
            values += parts.value.apply(keyValue)
        }
        var features: [Float] = []
        features.reserveCapacity(self.features)
        for index in 0..<c.queries {
            let raw = Array(queries[index * c.width..<(index + 1) * c.width])
            let query = parts.query.apply(parts.queryNorm.apply(raw))
            features += parts.output.apply(Self.attend(query, keys, values, heads: c.heads)).map { Float($0) }
        }
        return features
    }

    private static func attend(_ query: [Double], _ keys: [Double], _ values: [Double], heads: Int) -> [Double] {
        let width = query.count
        let (headWidth, tokens) = (width / heads, keys.count / width)
        let scale = 1 / Double(headWidth).squareRoot()
        var outcome = [Double](repeating: 0, count: width)
        var scores = [Double](repeating: 0, count: tokens)
        for first in stride(from: 0, to: width, by: headWidth) {
            var top = -Double.infinity
            for t in 0..<tokens {
                var score = 0.0
                for c in first..<first + headWidth { score += query[c] * keys[t * width + c] }
                scores[t] = score * scale
                top = max(top, scores[t])
            }
            var sum = 0.0
            for t in 0..<tokens {
                let share = exp(scores[t] - top)
                sum += share
                for c in first..<first + headWidth { outcome[c] += share * values[t * width + c] }
            }
            for c in first..<first + headWidth { outcome[c] /= sum }
        }
        return outcome
    }

    private static func gelu(_ x: Double) -> Double { 0.5 * x * (1 + erf(x / 2.0.squareRoot())) }

    private static func check(_ c: Configuration, file: String) throws(ModelError) {
        let sizes = [("queries", c.queries), ("width", c.width), ("heads", c.heads), ("bottleneck", c.bottleneck)]
        for (key, size) in sizes where !(1...65_536).contains(size) {
            throw .unsupported(file: file, key: "adapter \(key)", found: "\(size)", supported: "1 to 65536")
        }
        guard c.width % c.heads == 0 else {
            throw .unsupported(
                file: file, key: "adapter width", found: "\(c.width)", supported: "multiples of \(c.heads) heads")
        }
    }

    private static func shapes(_ isDynamic: Bool, _ inputs: Int, _ c: Configuration) -> [String: Shape] {
        let d = c.width
        var shapes = [
            "proj_kv.weight": Shape(d, inputs), "proj_kv.bias": Shape(d),
            "mha.in_proj_weight": Shape(3 * d, d), "mha.in_proj_bias": Shape(3 * d),
            "mha.out_proj.weight": Shape(d, d), "mha.out_proj.bias": Shape(d),
            "ln_q.weight": Shape(d), "ln_q.bias": Shape(d), "ln_kv.weight": Shape(d), "ln_kv.bias": Shape(d),
        ]
        guard isDynamic else {
            shapes["queries"] = Shape(1, c.queries, d)
            return shapes
        }
        shapes["static_queries"] = Shape(1, c.queries, d)
        shapes["generator.0.weight"] = Shape(c.bottleneck, inputs)
        shapes["generator.4.weight"] = Shape(c.queries * d, c.bottleneck)
        shapes["generator.4.bias"] = Shape(c.queries * d)
        for name in ["generator.0.bias", "generator.1.weight", "generator.1.bias"] {
            shapes[name] = Shape(c.bottleneck)
        }
        return shapes
    }
}

extension QueryAdapter {
    /// y = W x + b, W stored (outputs, inputs).
    private struct Linear: Sendable {
        let weight: [Double]
        let bias: [Double]

        func apply(_ x: [Double]) -> [Double] {
            bias.indices.map { n in
                var sum = bias[n]
                for k in 0..<x.count { sum += x[k] * weight[n * x.count + k] }
                return sum
            }
        }
    }

    /// LayerNorm with ε = 1e-5.
    private struct Norm: Sendable {
        let weight: [Double]
        let bias: [Double]

        func apply(_ x: [Double]) -> [Double] {
            let mean = x.reduce(0, +) / Double(x.count)
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
            let factor = 1 / (variance + 1e-5).squareRoot()
            return x.indices.map { (x[$0] - mean) * factor * weight[$0] + bias[$0] }
        }
    }
}

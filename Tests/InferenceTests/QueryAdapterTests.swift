import Inference
import Kernels
import Testing

@Suite("QueryAdapter")
struct QueryAdapterTests {
    static let configuration = QueryAdapter.Configuration(queries: 24, width: 6, heads: 3, bottleneck: 16)

    @Test(
        "features of prompts of 1, 9 and 30 tokens are those of V0's adapters, which ran them padded",
        arguments: [QueryAdapter.Pooling.dynamicQuery, .fixedQuery])
    func golden(pooling: QueryAdapter.Pooling) throws {
        let golden = try V0HeadGolden("adapter_golden")
        let name = pooling == .dynamicQuery ? "dynamic" : "fixed"
        let adapter = try QueryAdapter(
            pooling, weights: try V0HeadGolden("adapter_\(name)").file, inputs: 32, configuration: Self.configuration)
        #expect(adapter.features == 144)
        let (hidden, mask) = (try golden.floats("hidden"), try golden.file.integers("mask"))
        let (expected, length) = (try golden.floats(name), golden.sizes("hidden")[1])
        var found: [Float] = []
        for prompt in 0..<golden.sizes("hidden")[0] {
            let tokens = mask[prompt * length..<(prompt + 1) * length].reduce(0, +)
            let states = FloatBuffer(Array(hidden[prompt * length * 32..<(prompt + 1) * length * 32]))
            found += adapter.apply(states, tokens: length - tokens..<length)
        }
        let error = V0HeadGolden.difference(found, expected)
        print("\(pooling.rawValue) adapter: max error \(error) (tolerance 1e-5)")
        #expect(error < 1e-5)
    }

    @Test("without an adapter the features are the last token's state, bit for bit")
    func lastToken() {
        let states = FloatBuffer((0..<64).map(Float.init))
        #expect(QueryAdapter.lastToken(inputs: 16).apply(states, tokens: 1..<3) == (32..<48).map(Float.init))
    }

    @Test("tensors that are missing, of another shape, or of another way of pooling are refused by name")
    func refusals() throws {
        let dynamic = try V0HeadGolden("adapter_dynamic").file
        let fixed = try V0HeadGolden("adapter_fixed").file
        var other = Self.configuration
        other.bottleneck = 17
        #expect(throws: ModelError.tensorMissing(file: fixed.path, tensor: "generator.0.bias")) {
            try QueryAdapter(.dynamicQuery, weights: fixed, inputs: 32, configuration: Self.configuration)
        }
        #expect(throws: ModelError.tensorMissing(file: dynamic.path, tensor: "queries")) {
            try QueryAdapter(.fixedQuery, weights: dynamic, inputs: 32, configuration: Self.configuration)
        }
        #expect(
            throws: ModelError.tensorShape(
                file: dynamic.path, tensor: "generator.0.bias", expected: Shape(17), found: Shape(16))
        ) {
            try QueryAdapter(.dynamicQuery, weights: dynamic, inputs: 32, configuration: other)
        }
        other.heads = 4
        #expect(throws: ModelError.self) {
            try QueryAdapter(.dynamicQuery, weights: dynamic, inputs: 32, configuration: other)
        }
        let golden = try V0HeadGolden("adapter_golden").file
        #expect(throws: ModelError.self) {
            try QueryAdapter(.dynamicQuery, weights: golden, inputs: 32, configuration: Self.configuration)
        }
    }
}

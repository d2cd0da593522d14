import Encoders
import Kernels
import ModelFiles
import TestSupport
import Testing

@Suite("QueryAdapter")
struct QueryAdapterTests {
    static let configuration = QueryAdapter.Configuration(queries: 24, width: 6, heads: 3, bottleneck: 16)

    private static func golden(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: Repository.path("Tests/Goldens/v0head/\(name).safetensors"))
    }

    @Test(
        "features of prompts of 1, 9 and 30 tokens are those of V0's adapters, which ran them padded",
        arguments: [QueryAdapter.Pooling.dynamicQuery, .fixedQuery])
    func golden(pooling: QueryAdapter.Pooling) throws {
        let golden = try Self.golden("adapter_golden")
        let name = pooling == .dynamicQuery ? "dynamic" : "fixed"
        let adapter = try QueryAdapter(
            pooling, weights: try Self.golden("adapter_\(name)"), inputs: 32, configuration: Self.configuration)
        #expect(adapter.features == 144)
        let sizes = try #require(golden.header.entries["hidden"]?.shape.sizes)
        let (hidden, mask) = (try golden.floats("hidden"), try golden.integers("mask"))
        let (expected, length) = (try golden.floats(name), sizes[1])
        var found: [Float] = []
        for prompt in 0..<sizes[0] {
            let tokens = mask[prompt * length..<(prompt + 1) * length].reduce(0, +)
            let states = FloatBuffer(Array(hidden[prompt * length * 32..<(prompt + 1) * length * 32]))
            found += adapter.apply(states, tokens: length - tokens..<length)
        }
        let error = largestDifference(found, expected)
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
        let dynamic = try Self.golden("adapter_dynamic")
        let fixed = try Self.golden("adapter_fixed")
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
        let golden = try Self.golden("adapter_golden")
        #expect(throws: ModelError.self) {
            try QueryAdapter(.dynamicQuery, weights: golden, inputs: 32, configuration: Self.configuration)
        }
    }
}

import COneDNN
import Synchronization

/// A linear layer by oneDNN's matmul, its weight reordered once into the layout that the library likes best.
///
/// oneDNN generates code for a number of rows; one primitive is made for each number asked for, at first use (0.4 ms),
/// and kept. Generated code is shared between layers of equal shape by the library's own cache.
final class OneDNNProduct {
    // An OpaquePointer is not Sendable; oneDNN's primitives may be executed by several threads at once as long as each
    // brings its own scratchpad, and engines are immutable.
    private struct Primitive: @unchecked Sendable {
        let handle: dnnl_primitive_t
        let scratchBytes: Int
    }
    private struct Engine: @unchecked Sendable {
        let handle: dnnl_engine_t
    }

    private static let engine: Result<Engine, KernelError> = {
        var handle: dnnl_engine_t?
        let status = dnnl_engine_create(&handle, dnnl_cpu, 0)
        guard status == dnnl_success, let handle else {
            return .failure(.oneDNN(call: "dnnl_engine_create", status: Int(status.rawValue)))
        }
        return .success(Engine(handle: handle))
    }()

    private let engine: dnnl_engine_t
    private let inputs: Int
    private let outputs: Int
    private let activation: MatrixMultiply.Activation
    private let weight: FloatBuffer
    private let weightLayout: dnnl_memory_desc_t
    private let bias: FloatBuffer
    private let primitives = Mutex<[Int: Primitive]>([:])
    /// Name and instruction set of the implementation chosen, as oneDNN spells it.
    let implementation: String

    init(
        weightNK: [Float], bias: [Float], inputs: Int, outputs: Int, activation: MatrixMultiply.Activation
    ) throws(KernelError) {
        engine = try Self.engine.get().handle
        self.inputs = inputs
        self.outputs = outputs
        self.activation = activation
        self.bias = FloatBuffer(bias)

        var anyLayout = dnnl_memory_desc_t()
        try Self.check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&anyLayout, 2, [Int64(inputs), Int64(outputs)], dnnl_f32, dnnl_format_tag_any)
        }
        let description = try Self.describe(
            rows: 64, inputs: inputs, outputs: outputs, weight: anyLayout, activation: activation, engine: engine)
        defer { dnnl_primitive_desc_destroy(description) }
        guard let chosen = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
            throw .oneDNN(call: "dnnl_primitive_desc_query_md", status: Int(dnnl_invalid_arguments.rawValue))
        }
        weightLayout = chosen.pointee
        var name: UnsafePointer<CChar>?
        _ = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name)
        implementation = name.map { String(cString: $0) } ?? "unknown"
        weight = FloatBuffer(count: (dnnl_memory_desc_get_size(chosen) + 3) / 4)
        try reorder(weightNK)
    }

    deinit {
        primitives.withLock { table in
            for primitive in table.values { dnnl_primitive_destroy(primitive.handle) }
        }
    }

    /// y (rows, N) = x (rows, K) · W + bias, activated.
    func apply(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int) throws(KernelError) {
        let primitive = try primitive(rows: rows)
        var (source, target) = (try Self.rowMajor(rows, inputs), try Self.rowMajor(rows, outputs))
        var (biasLayout, weightLayout) = (try Self.rowMajor(1, outputs), weightLayout)
        var scratchLayout = dnnl_memory_desc_t()
        try Self.check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&scratchLayout, 1, [Int64(primitive.scratchBytes)], dnnl_u8, dnnl_a)
        }
        let scratch = FloatBuffer(count: (primitive.scratchBytes + 3) / 4)
        try execute(
            primitive.handle,
            [
                try memory(DNNL_ARG_SRC, &source, UnsafeMutablePointer(mutating: x)),
                try memory(DNNL_ARG_WEIGHTS, &weightLayout, weight.base),
                try memory(DNNL_ARG_BIAS, &biasLayout, bias.base),
                try memory(DNNL_ARG_DST, &target, y),
                try memory(DNNL_ARG_SCRATCHPAD, &scratchLayout, scratch.base),
            ])
    }

    private func primitive(rows: Int) throws(KernelError) -> Primitive {
        if let known = primitives.withLock({ $0[rows] }) { return known }
        let description = try Self.describe(
            rows: rows, inputs: inputs, outputs: outputs, weight: weightLayout, activation: activation, engine: engine)
        defer { dnnl_primitive_desc_destroy(description) }
        var handle: dnnl_primitive_t?
        try Self.check("dnnl_primitive_create") { dnnl_primitive_create(&handle, description) }
        guard let handle else { throw .oneDNN(call: "dnnl_primitive_create", status: 0) }
        let scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
        let made = Primitive(handle: handle, scratchBytes: scratch.map { dnnl_memory_desc_get_size($0) } ?? 0)
        // Two threads may have made it at once; the first one stays.
        let kept = primitives.withLock { table in
            if let known = table[rows] { return known }
            table[rows] = made
            return made
        }
        if kept.handle != made.handle { dnnl_primitive_destroy(made.handle) }
        return kept
    }

    private static func describe(
        rows: Int, inputs: Int, outputs: Int, weight: dnnl_memory_desc_t, activation: MatrixMultiply.Activation,
        engine: dnnl_engine_t
    ) throws(KernelError) -> dnnl_primitive_desc_t {
        var (source, target, bias) = (
            try rowMajor(rows, inputs), try rowMajor(rows, outputs), try rowMajor(1, outputs)
        )
        var weight = weight
        var product = dnnl_matmul_desc_t()
        try check("dnnl_matmul_desc_init") { dnnl_matmul_desc_init(&product, &source, &weight, &bias, &target) }
        var attributes: dnnl_primitive_attr_t?
        try check("dnnl_primitive_attr_create") { dnnl_primitive_attr_create(&attributes) }
        defer { dnnl_primitive_attr_destroy(attributes) }
        try check("dnnl_primitive_attr_set_scratchpad_mode") {
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
        }
        if activation == .gelu {
            var fused: dnnl_post_ops_t?
            try check("dnnl_post_ops_create") { dnnl_post_ops_create(&fused) }
            defer { dnnl_post_ops_destroy(fused) }
            try check("dnnl_post_ops_append_eltwise") {
                dnnl_post_ops_append_eltwise(fused, 1, dnnl_eltwise_gelu_erf, 0, 0)
            }
            try check("dnnl_primitive_attr_set_post_ops") { dnnl_primitive_attr_set_post_ops(attributes, fused) }
        }
        var description: dnnl_primitive_desc_t?
        try check("dnnl_primitive_desc_create") {
            dnnl_primitive_desc_create(&description, &product, attributes, engine, nil)
        }
        guard let description else { throw .oneDNN(call: "dnnl_primitive_desc_create", status: 0) }
        return description
    }

    private func reorder(_ weightNK: [Float]) throws(KernelError) {
        // (N, K) row-major is (K, N) with the strides the other way round.
        var plain = dnnl_memory_desc_t()
        try Self.check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&plain, 2, [Int64(inputs), Int64(outputs)], dnnl_f32, dnnl_ba)
        }
        var packed = weightLayout
        var description: dnnl_primitive_desc_t?
        try Self.check("dnnl_reorder_primitive_desc_create") {
            dnnl_reorder_primitive_desc_create(&description, &plain, engine, &packed, engine, nil)
        }
        defer { dnnl_primitive_desc_destroy(description) }
        var handle: dnnl_primitive_t?
        try Self.check("dnnl_primitive_create") { dnnl_primitive_create(&handle, description) }
        defer { dnnl_primitive_destroy(handle) }
        guard let handle else { throw .oneDNN(call: "dnnl_primitive_create", status: 0) }
        let source = FloatBuffer(weightNK)
        try execute(
            handle,
            [try memory(DNNL_ARG_FROM, &plain, source.base), try memory(DNNL_ARG_TO, &packed, weight.base)])
    }

    private func memory(
        _ argument: Int32, _ layout: inout dnnl_memory_desc_t, _ data: UnsafeMutablePointer<Float>
    ) throws(KernelError) -> dnnl_exec_arg_t {
        var handle: dnnl_memory_t?
        let status = dnnl_memory_create(&handle, &layout, engine, data)
        guard status == dnnl_success else { throw .oneDNN(call: "dnnl_memory_create", status: Int(status.rawValue)) }
        return dnnl_exec_arg_t(arg: argument, memory: handle)
    }

    /// Runs on this thread and ends when the result is there; destroys the arguments' handles.
    private func execute(_ primitive: dnnl_primitive_t, _ arguments: [dnnl_exec_arg_t]) throws(KernelError) {
        defer { for argument in arguments { dnnl_memory_destroy(argument.memory) } }
        var stream: dnnl_stream_t?
        try Self.check("dnnl_stream_create") {
            dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
        }
        defer { dnnl_stream_destroy(stream) }
        try Self.check("dnnl_primitive_execute") {
            dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments)
        }
        try Self.check("dnnl_stream_wait") { dnnl_stream_wait(stream) }
    }

    private static func rowMajor(_ rows: Int, _ columns: Int) throws(KernelError) -> dnnl_memory_desc_t {
        var layout = dnnl_memory_desc_t()
        try check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&layout, 2, [Int64(rows), Int64(columns)], dnnl_f32, dnnl_ab)
        }
        return layout
    }

    private static func check(_ call: String, _ body: () -> dnnl_status_t) throws(KernelError) {
        let status = body()
        guard status == dnnl_success else { throw .oneDNN(call: call, status: Int(status.rawValue)) }
    }
}

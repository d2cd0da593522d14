import COneDNN
import Synchronization

/// Linear layers of one shape by oneDNN's matmul, with weights reordered into the layout that the library prefers.
///
/// oneDNN generates code for a fixed number of rows: the first product of each number of rows makes a primitive (0.4
/// ms), which is kept.
final class OneDNNProduct: Sendable {
    // Why it is safe although an OpaquePointer is not Sendable: several threads may execute a oneDNN primitive at once
    // if each has its own scratchpad, and engines are immutable.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }
    private struct Primitive {
        let handle: Handle
        let scratchBytes: Int
    }

    private static let engine: Result<Handle, KernelError> = {
        var handle: dnnl_engine_t?
        let status = dnnl_engine_create(&handle, dnnl_cpu, 0)
        guard status == dnnl_success, let handle else {
            return .failure(.oneDNN(call: "dnnl_engine_create", status: Int(status.rawValue)))
        }
        return .success(Handle(pointer: handle))
    }()

    private let engine: Handle
    private let shape: ProductShape
    private let weightLayout: dnnl_memory_desc_t
    private let primitives = Mutex<[Int: Primitive]>([:])
    /// Name and instruction set of the chosen implementation, as oneDNN writes it.
    let implementation: String
    /// Bytes of a packed weight, in 8 bits with the outputs' scales after it.
    let packedBytes: Int
    // Where those scales start.
    private let scalesStart: Int

    init(_ shape: ProductShape) throws(KernelError) {
        engine = try Self.engine.get()
        self.shape = shape
        let anyLayout = try Self.layout(shape.inputs, shape.outputs, Self.type(shape.precision), dnnl_format_tag_any)
        let description = try Self.describe(rows: 64, shape, weight: anyLayout, engine: engine.pointer)
        defer { dnnl_primitive_desc_destroy(description) }
        guard let chosen = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
            throw .oneDNN(call: "dnnl_primitive_desc_query_md", status: Int(dnnl_invalid_arguments.rawValue))
        }
        weightLayout = chosen.pointee
        var name: UnsafePointer<CChar>?
        _ = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name)
        implementation = name.map { String(cString: $0) } ?? "unknown"
        let bytes = dnnl_memory_desc_get_size(chosen)
        scalesStart = (bytes + 63) / 64 * 64
        packedBytes = shape.precision == .int8 ? scalesStart + shape.outputs * MemoryLayout<Float>.size : bytes
    }

    deinit {
        primitives.withLock { table in
            for primitive in table.values { dnnl_primitive_destroy(primitive.handle.pointer) }
        }
    }

    /// The packed layout as text: sizes with padding, strides of the blocks, and the blocks from outer to inner.
    var layout: String {
        let blocking = weightLayout.format_desc.blocking
        let blocks = withUnsafeBytes(of: blocking.inner_blks) { Array($0.bindMemory(to: Int64.self)) }
        let axes = withUnsafeBytes(of: blocking.inner_idxs) { Array($0.bindMemory(to: Int64.self)) }
        let inner = (0..<Int(blocking.inner_nblks)).map { "\(blocks[$0])\(axes[$0] == 0 ? "k" : "n")" }
        return "\(weightLayout.padded_dims.0)x\(weightLayout.padded_dims.1) "
            + "\(blocking.strides.0):\(blocking.strides.1) \(inner.joined())"
    }

    /// y (rows, N) = x (rows, K) · W + bias, activated; x is in the shape's precision.
    func apply(
        _ x: ProductRows, _ y: UnsafeMutablePointer<Float>, rows: Int, weight: PackedBytes, bias: PackedBytes?
    ) throws(KernelError) {
        try multiply(x, y, rows: rows, weight: weight, bias: bias, times: 1)
        guard let rowScales = x.scales else { return }
        Int8Quantization.finish(
            y, rows: rows, columns: shape.outputs, rowScales: rowScales,
            columnScales: (weight.base + scalesStart).assumingMemoryBound(to: Float.self), bias: bias?.floats,
            activation: shape.activation)
    }

    /// Does what `apply` does, `times` times, but without the scales of 8 bits: the library's own speed, for
    /// measurements.
    func multiply(
        _ x: ProductRows, _ y: UnsafeMutablePointer<Float>, rows: Int, weight: PackedBytes, bias: PackedBytes?,
        times: Int
    ) throws(KernelError) {
        let primitive = try primitive(rows: rows)
        var source = try Self.layout(rows, shape.inputs, Self.type(shape.precision), dnnl_ab)
        var target = try Self.layout(rows, shape.outputs, dnnl_f32, dnnl_ab)
        var biasLayout = try Self.layout(1, shape.outputs, dnnl_f32, dnnl_ab)
        var (weightLayout, scratchLayout) = (weightLayout, dnnl_memory_desc_t())
        try Self.check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&scratchLayout, 1, [Int64(primitive.scratchBytes)], dnnl_u8, dnnl_a)
        }
        let scratch = FloatBuffer(count: (primitive.scratchBytes + 3) / 4)
        var arguments = [
            try memory(DNNL_ARG_SRC, &source, x.base),
            try memory(DNNL_ARG_WEIGHTS, &weightLayout, weight.base),
            try memory(DNNL_ARG_DST, &target, y),
            try memory(DNNL_ARG_SCRATCHPAD, &scratchLayout, scratch.base),
        ]
        if let bias, shape.precision != .int8 {
            arguments.append(try memory(DNNL_ARG_BIAS, &biasLayout, bias.base))
        }
        try execute(primitive.handle.pointer, arguments, times: times)
    }

    /// Reorders a weight, (N, K) row-major, rounded to the shape's precision. Precondition: N · K values.
    func pack(_ weightNK: [Float]) throws(KernelError) -> PackedBytes {
        let whole = FloatBuffer(weightNK)
        guard shape.precision == .int8 else { return try pack(whole.base, dnnl_f32) { _ in } }
        let rounded = QuantizedActivations(rows: shape.outputs, width: shape.inputs, precision: .int8)
        rounded.fill(from: whole, count: whole.count)
        return try pack(rounded.raw(0..<rounded.count), dnnl_s8) { packed in
            guard let scales = rounded.scales(fromRow: 0) else { return }
            (packed + scalesStart).copyMemory(from: scales, byteCount: shape.outputs * MemoryLayout<Float>.size)
        }
    }

    // `finish` receives the start of the packed bytes when the weight is packed.
    private func pack(
        _ source: UnsafeMutableRawPointer, _ type: dnnl_data_type_t, finish: (UnsafeMutableRawPointer) -> Void
    ) throws(KernelError) -> PackedBytes {
        // (N, K) row-major is (K, N) with the strides the other way round.
        var plain = try Self.layout(shape.inputs, shape.outputs, type, dnnl_ba)
        var packed = weightLayout
        var description: dnnl_primitive_desc_t?
        try Self.check("dnnl_reorder_primitive_desc_create") {
            dnnl_reorder_primitive_desc_create(&description, &plain, engine.pointer, &packed, engine.pointer, nil)
        }
        defer { dnnl_primitive_desc_destroy(description) }
        var handle: dnnl_primitive_t?
        try Self.check("dnnl_primitive_create") { dnnl_primitive_create(&handle, description) }
        defer { dnnl_primitive_destroy(handle) }
        guard let handle else { throw .oneDNN(call: "dnnl_primitive_create", status: 0) }
        return try PackedBytes(count: packedBytes) { (bytes) throws(KernelError) in
            guard let target = bytes.baseAddress else { return }
            try execute(
                handle, [try memory(DNNL_ARG_FROM, &plain, source), try memory(DNNL_ARG_TO, &packed, target)])
            finish(target)
        }
    }

    private func primitive(rows: Int) throws(KernelError) -> Primitive {
        if let known = primitives.withLock({ $0[rows] }) { return known }
        let description = try Self.describe(rows: rows, shape, weight: weightLayout, engine: engine.pointer)
        defer { dnnl_primitive_desc_destroy(description) }
        var handle: dnnl_primitive_t?
        try Self.check("dnnl_primitive_create") { dnnl_primitive_create(&handle, description) }
        guard let handle else { throw .oneDNN(call: "dnnl_primitive_create", status: 0) }
        let scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
        let made = Primitive(
            handle: Handle(pointer: handle), scratchBytes: scratch.map { dnnl_memory_desc_get_size($0) } ?? 0)
        // Two threads may have made it at the same time; the first one is kept.
        let kept = primitives.withLock { table in
            if let known = table[rows] { return known }
            table[rows] = made
            return made
        }
        if kept.handle.pointer != made.handle.pointer { dnnl_primitive_destroy(made.handle.pointer) }
        return kept
    }

    private static func describe(
        rows: Int, _ shape: ProductShape, weight: dnnl_memory_desc_t, engine: dnnl_engine_t
    ) throws(KernelError) -> dnnl_primitive_desc_t {
        var source = try layout(rows, shape.inputs, type(shape.precision), dnnl_ab)
        var target = try layout(rows, shape.outputs, dnnl_f32, dnnl_ab)
        // In 8 bits the sums must first be multiplied by the rows' scales, which the library does not support, so
        // `Int8Quantization` applies scales, bias and activation.
        let isWhole = shape.precision != .int8
        var bias = shape.hasBias && isWhole ? try layout(1, shape.outputs, dnnl_f32, dnnl_ab) : dnnl_memory_desc_t()
        var weight = weight
        var product = dnnl_matmul_desc_t()
        // oneDNN reads a bias of no dimensions as no bias.
        try check("dnnl_matmul_desc_init") { dnnl_matmul_desc_init(&product, &source, &weight, &bias, &target) }
        var attributes: dnnl_primitive_attr_t?
        try check("dnnl_primitive_attr_create") { dnnl_primitive_attr_create(&attributes) }
        defer { dnnl_primitive_attr_destroy(attributes) }
        try check("dnnl_primitive_attr_set_scratchpad_mode") {
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
        }
        if shape.activation == .gelu, isWhole {
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

    private func memory(
        _ argument: Int32, _ layout: inout dnnl_memory_desc_t, _ data: UnsafeMutableRawPointer
    ) throws(KernelError) -> dnnl_exec_arg_t {
        var handle: dnnl_memory_t?
        let status = dnnl_memory_create(&handle, &layout, engine.pointer, data)
        guard status == dnnl_success else { throw .oneDNN(call: "dnnl_memory_create", status: Int(status.rawValue)) }
        return dnnl_exec_arg_t(arg: argument, memory: handle)
    }

    /// Runs on this thread and returns when the result is complete; destroys the arguments' handles.
    private func execute(
        _ primitive: dnnl_primitive_t, _ arguments: [dnnl_exec_arg_t], times: Int = 1
    ) throws(KernelError) {
        defer { for argument in arguments { dnnl_memory_destroy(argument.memory) } }
        var stream: dnnl_stream_t?
        try Self.check("dnnl_stream_create") {
            dnnl_stream_create(&stream, engine.pointer, dnnl_stream_default_flags.rawValue)
        }
        defer { dnnl_stream_destroy(stream) }
        for _ in 0..<times {
            try Self.check("dnnl_primitive_execute") {
                dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments)
            }
        }
        try Self.check("dnnl_stream_wait") { dnnl_stream_wait(stream) }
    }

    private static func type(_ precision: Precision) -> dnnl_data_type_t {
        switch precision {
        case .float32: dnnl_f32
        case .bfloat16: dnnl_bf16
        case .int8: dnnl_s8
        }
    }

    private static func layout(
        _ rows: Int, _ columns: Int, _ type: dnnl_data_type_t, _ tag: dnnl_format_tag_t
    ) throws(KernelError) -> dnnl_memory_desc_t {
        var layout = dnnl_memory_desc_t()
        try check("dnnl_memory_desc_init_by_tag") {
            dnnl_memory_desc_init_by_tag(&layout, 2, [Int64(rows), Int64(columns)], type, tag)
        }
        return layout
    }

    private static func check(_ call: String, _ body: () -> dnnl_status_t) throws(KernelError) {
        let status = body()
        guard status == dnnl_success else { throw .oneDNN(call: call, status: Int(status.rawValue)) }
    }
}

/// Why a kernel cannot compute: oneDNN failed, the processor is too old, or a size is not supported.
public enum KernelError: Error, Equatable, CustomStringConvertible {
    /// oneDNN returned a status other than success from a call.
    case oneDNN(call: String, status: Int)
    /// This processor lacks instruction sets that the program was compiled for.
    case processorLacks([String])
    /// A size that a kernel does not support.
    case unsupportedSize(kernel: String, what: String, found: Int, need: String)

    /// What happened, with the values, and what to do next.
    public var description: String {
        switch self {
        case .oneDNN(let call, let status):
            "oneDNN's \(call) returned status \(status) (dnnl_status_t); is libdnnl 2.6 or later of series 2 installed?"
        case .processorLacks(let names):
            "this processor lacks \(names.joined(separator: ", ")), which the program was compiled for (x86-64-v3); "
                + "use a processor of 2015 or later, or build without the -march flag in Package.swift"
        case .unsupportedSize(let kernel, let what, let found, let need):
            "\(kernel): \(what) is \(found), need \(need); this model's shape is not supported"
        }
    }
}

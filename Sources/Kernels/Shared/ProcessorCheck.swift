import Foundation

/// Names the instruction sets that this processor lacks, before the first vector instruction ends the program by
/// SIGILL.
///
/// Call it first in `main`. On other architectures than x86-64 there is nothing to check.
public enum ProcessorCheck {
    /// What x86-64-v3 has over the baseline, as Linux spells it in `/proc/cpuinfo`.
    public static let required = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"]

    /// Throws `KernelError.processorLacks` with the names missing on this machine.
    public static func run() throws(KernelError) {
        #if arch(x86_64)
            // No such file means another kernel or a restricted container: then only executing the instructions shows
            // it.
            guard let text = FileManager.default.contents(atPath: "/proc/cpuinfo") else { return }
            let missing = missing(inProcessorInfo: String(decoding: text, as: UTF8.self))
            if !missing.isEmpty { throw .processorLacks(missing) }
        #endif
    }

    /// Whether this machine has all of some instruction sets; `false` on other architectures than x86-64.
    static func has(_ names: [String]) -> Bool {
        #if arch(x86_64)
            guard let bytes = FileManager.default.contents(atPath: "/proc/cpuinfo") else { return false }
            let text = String(decoding: bytes, as: UTF8.self)
            // Without the list, no instruction set is known to exist.
            return text.contains("\nflags") && missing(names, inProcessorInfo: text).isEmpty
        #else
            return false
        #endif
    }

    /// Names absent from the first `flags` line; none when there is no such line.
    public static func missing(_ names: [String] = required, inProcessorInfo text: String) -> [String] {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return [] }
        let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
        return names.filter { !flags.contains(Substring($0)) }
    }
}

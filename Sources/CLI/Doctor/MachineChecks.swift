import CommandSupport
import Foundation
import HTTPServing
import Kernels
import ModelFiles
import Models
import Scoring
import ZeroMQ

/// Checks of the machine and of the model: processor, limits, libraries.
enum MachineChecks {
    static func all(_ model: ModelOptions) -> [MachineCheck] {
        [
            processor, vectors, MachineCheck("cores", .good, "\(cores) for this process"), memory, pages, descriptors,
            libzmq, encryption, self.model(model),
        ]
    }

    private static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    private static var processor: MachineCheck {
        MachineCheck("processor", advice: "use a processor with AVX2 (x86-64-v3), from 2013 on") {
            try ProcessorCheck.run()
            return MachineCheck("processor", .good, "has the instructions that the kernels need")
        }
    }

    /// Instruction sets that make the encoder faster, by their names in /proc/cpuinfo.
    private static let extensions = [
        ("AVX-512", ["avx512f", "avx512bw", "avx512dq", "avx512vl"]), ("VNNI", ["avx512_vnni"]),
        ("BF16", ["avx512_bf16"]), ("AMX", ["amx_tile"]),
    ]

    private static var vectors: MachineCheck {
        let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) }
        guard let text, text.contains("\nflags") else {
            return MachineCheck("vectors", .skipped, "the system does not list instruction sets")
        }
        let missing = extensions.filter { !ProcessorCheck.missing($0.1, inProcessorInfo: text).isEmpty }.map(\.0)
        let present = extensions.map(\.0).filter { !missing.contains($0) }
        let found = [(present, "has"), (missing, "lacks")].filter { !$0.0.isEmpty }
            .map { "\($0.1) \($0.0.joined(separator: ", "))" }.joined(separator: "; ")
        guard missing.contains("AVX-512") else { return MachineCheck("vectors", .good, found) }
        return MachineCheck(
            "vectors", .warning, found,
            advice:
                "workers with and without AVX-512 have different fingerprints: use machines of one kind in a cluster")
    }

    private static var memory: MachineCheck {
        guard let bytes = AvailableMemory.bytes() else {
            return MachineCheck("memory", .skipped, "the system does not say how much is available")
        }
        let isEnough = bytes >= 512 << 20
        return MachineCheck(
            "memory", isEnough ? .good : .warning, "\(ByteCount(bytes)) available",
            advice: isEnough
                ? nil : "a worker of the default model needs some 300 MB: end other programs, or start fewer workers")
    }

    private static var pages: MachineCheck {
        let bytes = sysconf(Int32(_SC_PAGESIZE))
        return MachineCheck(
            "page size", bytes == 4096 ? .good : .warning, "\(bytes) bytes",
            advice: bytes == 4096 ? nil : "the feature store was tested with pages of 4096 bytes; --store off avoids it"
        )
    }

    /// A coordinator has two descriptors for each peer, and may have hundreds of HTTP connections.
    private static var descriptors: MachineCheck {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return MachineCheck("descriptors", .skipped, "the system does not report the limit")
        }
        let (soft, hard) = (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
        let found = "\(soft) files and sockets may be open; servers raise that to \(min(max(soft, hard), 65_536))"
        let advice =
            "raise the hard limit: LimitNOFILE=65536 in a unit, or `ulimit -Hn 65536` in the shell that starts it"
        if hard < 256 { return MachineCheck("descriptors", .failed, found, advice: advice) }
        return MachineCheck(
            "descriptors", hard < 4096 ? .warning : .good, found, advice: hard < 4096 ? advice : nil)
    }

    private static var libzmq: MachineCheck {
        MachineCheck("libzmq", advice: "install libzmq 4.3 (Debian: libzmq5)") {
            try LibraryVersion.running.requireAccepted()
            return MachineCheck("libzmq", .good, "\(LibraryVersion.running)")
        }
    }

    private static var encryption: MachineCheck {
        MachineCheck("encryption", advice: "for --keys, install a libzmq that was built with libsodium") {
            _ = try CurveKeyPair.generate()
            return MachineCheck("encryption", .good, "libzmq encrypts by CURVE")
        }
    }

    /// Loads the model and predicts twice, from a context of two prompts.
    private static func model(_ options: ModelOptions) -> MachineCheck {
        MachineCheck("model") {
            let model = try options.make(threads: 1)
            let texts = ["What is 2 + 2?", "Is 221 a prime number?"]
            let rows = zip(texts, [1.0, 0.0]).compactMap { text, reward in
                Outcome(reward: reward).map { ContextSet.Row(text: text, outcome: $0) }
            }
            guard let context = ContextSet(rows) else { throw CommandFailure("the check's context is not valid") }
            let answers = try (0..<2).map { _ in
                let features = try model.embed(texts)
                let prepared = try model.prepare(context, features: features)
                return try model.predict(QuerySet(texts: texts, features: features), in: prepared).map(\.p)
            }
            guard answers[0] == answers[1], answers[0].allSatisfy({ (0...1).contains($0) }) else {
                throw CommandFailure(
                    "\(options.name): the same prompts have the predictions \(answers[0]) and \(answers[1]); the files or "
                        + "this machine's memory are damaged: fetch the model again")
            }
            return MachineCheck("model", .good, "\(options.name): \(model.fingerprint); predicts the same twice")
        }
    }
}

import Foundation
import Heads
import Kernels
import ModelFiles
import TestSupport
import Testing

@Suite("Compact head's file")
struct CompactHeadFileTests {
    /// Its tensors, to be changed and written again.
    private struct Contents {
        struct Tensor {
            var type: String
            var shape: [Int]
            var bytes: Data
        }
        var metadata: [String: String]
        var tensors: [String: Tensor] = [:]

        init() throws {
            let path = try CompactHeadFile.find()
            let header = try SafetensorsFile(path: path).header
            let data = try Data(contentsOf: URL(filePath: path))
            metadata = header.metadata
            for (name, entry) in header.entries {
                tensors[name] = Tensor(type: entry.type, shape: entry.shape.sizes, bytes: data.subdata(in: entry.bytes))
            }
        }

        func write() throws -> String {
            var header: [String: Any] = ["__metadata__": metadata]
            var data = Data()
            for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
                header[name] = [
                    "dtype": tensor.type, "shape": tensor.shape,
                    "data_offsets": [data.count, data.count + tensor.bytes.count],
                ]
                data += tensor.bytes
            }
            let json = try JSONSerialization.data(withJSONObject: header)
            let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
            return try ScratchFolder.file(length + json + data)
        }
    }

    private func error(_ change: (inout Contents) throws -> Void) throws -> (ModelError?, file: String) {
        var contents = try Contents()
        try change(&contents)
        let path = try contents.write()
        do {
            _ = try CompactHead(weights: SafetensorsFile(path: path))
            return (nil, path)
        } catch {
            return (error, path)
        }
    }

    @Test("the file itself, written again, is read; equal bytes have equal digests and others another")
    func same() throws {
        #expect(try error { _ in }.0 == nil)
        let head = try CompactHead.load()
        let digest = try CompactHead(weights: SafetensorsFile(path: CompactHeadFile.find())).digest
        #expect(head.digest == digest)
        var contents = try Contents()
        contents.metadata["seed"] = "another"
        #expect(try CompactHead(weights: SafetensorsFile(path: contents.write())).digest != digest)
        #expect(head.numerics.hasPrefix("compact/1 ") && head.numerics.contains("f32/"))
    }

    @Test("metadata of another kind of file is refused by its key")
    func metadata() throws {
        for (key, value) in [
            ("format", "other"), ("version", "2"), ("correctors", "3"), ("embedding", "768"), ("surface", "29"),
            ("columns", "8"),
        ] {
            for found in [value, nil] {
                let (error, file) = try error { $0.metadata[key] = found }
                guard case .unsupported(file, key, found ?? "missing", _) = error else {
                    Issue.record("\(key) = \(found ?? "none"): \(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("each tensor that is missing, of another shape or type, or not a number, is named with its file")
    func tensors() throws {
        let names = try Contents().tensors.keys.sorted()
        #expect(names.count == 12, "\(names)")
        for name in names {
            let (missing, missingFile) = try error { $0.tensors[name] = nil }
            #expect(missing == .tensorMissing(file: missingFile, tensor: name))

            let (shape, shapeFile) = try error { contents in
                let row = Data(count: 4 * Self.rowCount(contents.tensors[name]))
                contents.tensors[name]?.shape[0] += 1
                contents.tensors[name]?.bytes += row
            }
            guard case .tensorShape(shapeFile, name, _, _) = shape else {
                Issue.record("\(name) of another shape: \(String(describing: shape))")
                continue
            }

            let (type, typeFile) = try error { $0.tensors[name]?.type = "I32" }
            guard case .tensorType(typeFile, name, "I32", _) = type else {
                Issue.record("\(name) of another type: \(String(describing: type))")
                continue
            }

            let (value, valueFile) = try error { contents in
                contents.tensors[name]?.bytes.replaceSubrange(4..<8, with: [0, 0, 0xC0, 0x7F])
            }
            #expect(value == .damaged(file: valueFile, at: name, reason: "value 1 is nan"))
        }
        let (scale, scaleFile) = try error {
            $0.tensors["surface.scale"]?.bytes.replaceSubrange(0..<4, with: [0, 0, 0, 0])
        }
        #expect(scale == .damaged(file: scaleFile, at: "surface.scale", reason: "value 0 is 0.0, it must be above 0"))
    }

    private static func rowCount(_ tensor: Contents.Tensor?) -> Int { tensor?.shape.dropFirst().reduce(1, *) ?? 0 }

    @Test("a file cut short is damaged")
    func cut() throws {
        let bytes = try Data(contentsOf: URL(filePath: CompactHeadFile.find()))
        for count in [0, 7, 100, bytes.count / 2, bytes.count - 1] {
            let path = try ScratchFolder.file(Array(bytes.prefix(count)))
            let error = #expect(throws: ModelError.self) { try CompactHead(weights: SafetensorsFile(path: path)) }
            guard case .damaged(path, _, _) = error else {
                Issue.record("\(count) bytes: \(String(describing: error))")
                continue
            }
        }
    }

    @Test("it is looked for beside the program and where it is installed; a variable that is set is the only place")
    func places() throws {
        let folder = URL(filePath: try ScratchFolder.copy(of: ScratchFolder.file([]))).deletingLastPathComponent()
        let program = folder.appending(path: "bin/statezero")
        let places = CompactHeadFile.places(environment: [:], program: program)
        #expect(places.count == 3)
        let error = #expect(throws: ModelError.self) { try CompactHeadFile.find(environment: [:], program: program) }
        for place in places { #expect(error.map { "\($0)".contains(place) } == true) }
        #expect(error.map { "\($0)".contains(CompactHeadFile.variable) } == true)
        // From the last place to the first, each comes before those that were there.
        for place in places.reversed() {
            let file = URL(filePath: place)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try ScratchFolder.write("", to: place)
            #expect(try CompactHeadFile.find(environment: [:], program: program) == place)
        }
        let missing = folder.appending(path: "none").path
        #expect(throws: ModelError.self) {
            try CompactHeadFile.find(environment: [CompactHeadFile.variable: missing], program: program)
        }
        let named = [CompactHeadFile.variable: places[1]]
        #expect(try CompactHeadFile.find(environment: named, program: program) == places[1])
        // A link to the program finds what lies beside the program.
        let link = folder.appending(path: "link")
        try ScratchFolder.write("", to: program.path)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: program)
        #expect(try CompactHeadFile.find(environment: [:], program: link) == places[0])
    }
}

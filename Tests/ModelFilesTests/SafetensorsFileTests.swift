import Foundation
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

@Suite("SafetensorsFile")
struct SafetensorsFileTests {
    @Test("F32, F16 and BF16 are read as the same floats, at any alignment")
    func types() throws {
        let header =
            #"{"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"#
            + #""h":{"dtype":"F16","shape":[1,2],"data_offsets":[9,13]},"#
            + #""g":{"dtype":"BF16","shape":[2],"data_offsets":[13,17]}}"#
        let data: [UInt8] = [7, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0, 0, 0x3C, 0, 0xC1, 0x80, 0x3F, 0x20, 0xC0]
        let file = try SafetensorsFile(path: try ScratchFolder.file(Self.bytes(header, data)))
        #expect(file.header.metadata == ["k": "v"])
        #expect(try file.floats("f", shape: Shape(2)) == [1, -2.5])
        #expect(try file.floats("h", shape: Shape(1, 2)) == [1, -2.5])
        #expect(try file.floats("g", shape: Shape(2)) == [1, -2.5])
        #expect(try file.integers("b") == [7])
    }

    @Test("a tensor that is missing, of another shape or of another type is named with both shapes")
    func tensors() throws {
        let path = try ScratchFolder.file(
            Self.bytes(#"{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, [UInt8](repeating: 0, count: 8)))
        let file = try SafetensorsFile(path: path)
        #expect(throws: ModelError.tensorMissing(file: path, tensor: "v")) { try file.floats("v", shape: Shape(1)) }
        let misshaped = ModelError.tensorShape(file: path, tensor: "w", expected: Shape(2, 3), found: Shape(1))
        #expect(throws: misshaped) { try file.floats("w", shape: Shape(2, 3)) }
        #expect("\(misshaped)".contains("w is (1), expected (2, 3)"))
        #expect(throws: ModelError.tensorType(file: path, tensor: "w", found: "I64", supported: "F32, F16, BF16")) {
            try file.floats("w", shape: Shape(1))
        }
    }

    @Test(
        "a header with false sizes is refused, and never read",
        arguments: [
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}"#,  // beyond the file
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,  // bytes do not follow from the shape
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,  // backwards
            #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,  // overflow
            #"{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,8]}}"#,  // overflow in bytes
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,  // gap at the start
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,  // bytes left over
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
            #"{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}"#,
            #"{"a":7}"#, #"["a"]"#, "{", "",
        ])
    func lies(header: String) throws {
        let path = try ScratchFolder.file(Self.bytes(header, [UInt8](repeating: 0, count: 8)))
        let error = #expect(throws: ModelError.self) { try SafetensorsFile(path: path) }
        guard case .damaged(let file, _, let reason)? = error else {
            Issue.record("not the error expected: \(String(describing: error))")
            return
        }
        #expect(file == path && !reason.isEmpty)
    }

    @Test("no damage to a real header traps: cut anywhere, or any byte changed")
    func damage() throws {
        let path = Repository.path("Tests/Goldens/encoder/tiny.safetensors")
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let headBytes = 8 + Int(whole[0]) + Int(whole[1]) << 8
        var (refused, accepted) = (0, 0)
        func read(_ bytes: [UInt8]) {
            do {
                let header = try SafetensorsHeader(parsing: bytes, fileBytes: bytes.count, file: "damaged")
                #expect(header.entries.values.allSatisfy { $0.bytes.upperBound <= bytes.count })
                accepted += 1
            } catch {
                refused += 1
            }
        }
        for length in 0..<headBytes { read(Array(whole.prefix(length))) }
        #expect(accepted == 0)
        var random = SeededGenerator(seed: 11)
        for place in 0..<headBytes {
            var bytes = whole
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            read(bytes)
        }
        print("damaged headers: \(refused) refused, \(accepted) still well-formed")
    }

    @Test("a path that is not a file is reported as unreadable")
    func unreadable() {
        #expect(throws: ModelError.unreadable(file: "/nowhere/x", reason: "No such file or directory")) {
            try SafetensorsFile(path: "/nowhere/x")
        }
        #expect(throws: ModelError.unreadable(file: "/", reason: "not an ordinary file")) {
            try SafetensorsFile(path: "/")
        }
    }

    private static func bytes(_ header: String, _ data: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
    }
}

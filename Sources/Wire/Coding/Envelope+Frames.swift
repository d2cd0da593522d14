import Foundation
import SwiftProtobuf
import Traces

// Reads and writes whole messages: the frames of an envelope.

extension Envelope {
    /// The message's frames, the first one beginning with "SZ01", as arrays.
    public var frames: [[UInt8]] { rawFrames.map(\.array) }

    /// The message's frames, the first one beginning with "SZ01". Those behind it are not copied.
    public var rawFrames: [RawFrame] {
        var header = ProtoEnvelope()
        header.generation = generation
        let raw: [RawFrame]
        (header.body, raw) = message.encoded
        if let trace { header.trace = Data(trace.bytes) }
        if let state = trace?.state { header.traceState = Data(state.text.utf8) }
        var first = Self.magic
        // Serialising fails for missing required fields only, which proto3 does not have.
        if let body: [UInt8] = try? header.serializedBytes() { first.append(contentsOf: body) }
        return [RawFrame(first)] + raw
    }

    /// Reads a message's frames. Never traps, whatever the bytes.
    public init(frames: [[UInt8]]) throws(WireError) {
        try self.init(rawFrames: frames.map { RawFrame($0) })
    }

    /// Reads a message's frames; those behind the header are kept, not copied. Never traps, whatever the bytes.
    public init(rawFrames frames: [RawFrame]) throws(WireError) {
        guard let first = frames.first?.array, first.starts(with: Self.magic) else { throw .notOurs }
        guard first.count <= Limits.headerBytesMax else {
            throw .tooLarge("header", found: first.count, limit: Limits.headerBytesMax)
        }
        let bytes = frames.reduce(0) { $0 + $1.count }
        guard bytes <= Limits.messageBytesMax else {
            throw .tooLarge("message", found: bytes, limit: Limits.messageBytesMax)
        }
        let header: ProtoEnvelope
        do {
            header = try ProtoEnvelope(serializedBytes: Array(first.dropFirst(Self.magic.count)))
        } catch {
            throw .undecodable
        }
        guard let body = header.body else { throw .undecodable }
        self.init(generation: header.generation, try Message(body, raw: Array(frames.dropFirst())))
        // What is not valid is ignored: a trace is never a reason to refuse a message.
        if !header.trace.isEmpty { trace = TraceContext(bytes: header.trace) }
        if !header.traceState.isEmpty { trace?.state = TraceState(bytes: header.traceState) }
    }

    /// Whether a message is a trainer's request or report, read from the first bytes of its header only.
    ///
    /// These are the messages whose texts are read by the coordinator, and not only passed on: decoding a large one takes
    /// long. Anything that is no header is none of them.
    public static func isRequestOfTrainer(rawFrames frames: [RawFrame]) -> Bool {
        guard let header = frames.first else { return false }
        return header.withBytes { bytes in
            guard bytes.count >= magic.count, magic.indices.allSatisfy({ bytes[$0] == magic[$0] }) else { return false }
            var place = magic.count
            // Fields are written in ascending order: the generation, if it is not 0, then the body.
            if place < bytes.count, bytes[place] == 0x08 {
                place += 1
                while place < bytes.count, bytes[place] & 0x80 != 0 { place += 1 }
                place += 1
            }
            guard place + 1 < bytes.count else { return false }
            let tag = Int(bytes[place] & 0x7F) | Int(bytes[place + 1]) << 7
            return bytes[place] & 0x80 != 0 && trainerFields.contains(tag >> 3)
        }
    }

    /// `request_plan`, `report_outcomes` and `request_scores` of the protocol.
    private static let trainerFields: Set<Int> = [24, 34, 36]

    static let magic = Array("SZ01".utf8)
}

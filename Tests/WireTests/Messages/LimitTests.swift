import Scoring
import Testing
import Wire

@Suite("Limits of the wire")
struct LimitTests {
    private static let job = MessageSample.job

    // Frames are edited by hand: nothing in `Wire` makes a wrong one.
    private static func submitShard(rows: Int, lengths: [UInt8]? = nil, texts: [UInt8]? = nil) -> [[UInt8]] {
        let texts4096 = TextBlock(Array(repeating: "a", count: rows))
        var frames = Envelope(
            generation: 1, .submitShard(SubmitShard(job: job, shard: 0, tokens: 1, affinity: 0, texts: texts4096))
        ).frames
        if let lengths { frames[1] = lengths }
        if let texts { frames[2] = texts }
        return frames
    }

    private static let magic = Array("SZ01".utf8)

    /// A header of one body of less than 16,384 bytes, whose field tag is given.
    private static func header(_ tag: [UInt8], _ body: [UInt8]) -> [UInt8] {
        let length = [UInt8(body.count & 0x7F) | 0x80, UInt8(body.count >> 7)]
        return magic + tag + length + body
    }

    private static func result(piece: PieceName, answers: Int, faults: [RowFault] = []) -> [[UInt8]] {
        let block = AnswerBlock(Array(repeating: nil, count: answers))
        return Envelope(
            generation: 1,
            .shardResult(ShardResult(piece: piece, answers: block, faults: faults, credit: .none, progress: 0))
        ).frames
    }

    private static func piece(firstRow: Int = 0, rows: Int) -> PieceName {
        PieceName(job: job, shard: 0, rows: firstRow..<firstRow + rows, attempt: 1)
    }

    @Test("a shard has 1 to 4096 rows")
    func rows() throws {
        #expect(throws: Never.self) { try Envelope(frames: Self.submitShard(rows: 1)) }
        #expect(throws: Never.self) { try Envelope(frames: Self.submitShard(rows: 4096)) }
        #expect(throws: WireError.badField("rows", found: "0")) { try Envelope(frames: Self.submitShard(rows: 0)) }
        #expect(throws: WireError.tooLarge("rows", found: 4097, limit: 4096)) {
            try Envelope(frames: Self.submitShard(rows: 4097))
        }
    }

    @Test("a piece is within 4096 rows")
    func pieces() throws {
        let within = Self.piece(firstRow: 4095, rows: 1)
        #expect(try Envelope(frames: Self.result(piece: within, answers: 1)).generation == 1)
        for (firstRow, rows) in [(4096, 1), (1, 4096), (Int(UInt32.max), 1), (Int(UInt32.max), 4096)] {
            #expect(throws: WireError.badField("first_row", found: "\(firstRow)")) {
                try Envelope(frames: Self.result(piece: Self.piece(firstRow: firstRow, rows: rows), answers: 1))
            }
        }
        #expect(throws: WireError.badField("rows", found: "0")) {
            try Envelope(frames: Self.result(piece: Self.piece(rows: 0), answers: 0))
        }
    }

    @Test("lengths are as many as rows and add up to the bytes")
    func lengths() {
        #expect(throws: WireError.badFrame("lengths", found: 8, expected: 12)) {
            try Envelope(frames: Self.submitShard(rows: 3, lengths: [1, 0, 0, 0, 1, 0, 0, 0]))
        }
        #expect(throws: WireError.badFrame("lengths", found: 11, expected: 12)) {
            try Envelope(frames: Self.submitShard(rows: 3, lengths: Array(repeating: 0, count: 11)))
        }
        #expect(throws: WireError.badFrame("texts", found: 3, expected: 4)) {
            try Envelope(frames: Self.submitShard(rows: 2, lengths: [3, 0, 0, 0, 1, 0, 0, 0], texts: [97, 97, 97]))
        }
        #expect(throws: WireError.badFrame("texts", found: 5, expected: 4)) {
            try Envelope(
                frames: Self.submitShard(rows: 1, lengths: [4, 0, 0, 0], texts: Array(repeating: 97, count: 5)))
        }
    }

    @Test("a text has 16 MiB at most, whatever its length claims")
    func longTexts() throws {
        let limit = Limits.textBytesMax
        let over: [UInt8] = [1, 0, 0, 1]  // 16 MiB and one byte, little-endian
        #expect(throws: WireError.tooLarge("text", found: limit + 1, limit: limit)) {
            try Envelope(frames: Self.submitShard(rows: 1, lengths: over, texts: []))
        }
        let just = Self.submitShard(rows: 1, lengths: [0, 0, 0, 1], texts: Array(repeating: 97, count: limit))
        #expect(try Envelope(frames: just).generation == 1)
    }

    @Test("a message has 64 MiB at most, a header 4 MiB")
    func messageBytes() {
        var frames = Self.submitShard(rows: 1)
        frames[2] = Array(repeating: 97, count: Limits.messageBytesMax)
        let found = frames.reduce(0) { $0 + $1.count }
        #expect(throws: WireError.tooLarge("message", found: found, limit: Limits.messageBytesMax)) {
            try Envelope(frames: frames)
        }
        // A header of empty pieces, two bytes each, would grow many times over once decoded.
        let header = Self.magic + [UInt8](repeating: 0, count: Limits.headerBytesMax)
        #expect(throws: WireError.tooLarge("header", found: header.count, limit: Limits.headerBytesMax)) {
            try Envelope(frames: [header])
        }
    }

    @Test("names and messages are cut to 4096 bytes, at the end of a character")
    func labels() throws {
        for (name, kept) in [
            (String(repeating: "a", count: 4096), 4096), (String(repeating: "a", count: 5000), 4096),
            (String(repeating: "a", count: 4095) + "ä", 4095), (String(repeating: "a", count: 4093) + "👩", 4093),
            (String(repeating: "漢", count: 2000), 4095),
        ] {
            let sent = Envelope(generation: 0, .hello(Hello(role: .client, name: name, incarnation: 1)))
            guard case .hello(let hello) = try Envelope(frames: sent.frames).message else {
                Issue.record("another message was decoded")
                continue
            }
            #expect(hello.name.utf8.count == kept)
            #expect(name.hasPrefix(hello.name))
        }
    }

    @Test("a long name from another program is cut on arrival")
    func foreignLabels() throws {
        // Refused { reason: 1, message: 5000 × "b" }, by hand: nothing here would write it.
        let message: [UInt8] = [0x08, 0x01, 0x12, 0x88, 0x27] + [UInt8](repeating: UInt8(ascii: "b"), count: 5000)
        let header = Self.header([0x22], message)
        let envelope = try Envelope(frames: [header])
        #expect(
            envelope
                == Envelope(generation: 0, .refused(.protocolVersion, message: String(repeating: "b", count: 4096))))
    }

    @Test("4096 faults with long messages still fit into a header")
    func manyFaults() throws {
        let long = String(repeating: "漢", count: 3000)
        let faults = (0..<UInt32(4096)).map { RowFault(row: $0, code: long, message: long) }
        let frames = Self.result(piece: Self.piece(rows: 4096), answers: 4096, faults: faults)
        #expect(frames[0].count <= Limits.headerBytesMax)
        guard case .shardResult(let result) = try Envelope(frames: frames).message else {
            Issue.record("another message was decoded")
            return
        }
        #expect(result.faults.map(\.row) == faults.map(\.row))
        #expect(result.faults.allSatisfy { long.hasPrefix($0.message) && $0.message.utf8.count >= 500 })
        print("wire: a header with 4096 long faults has \(frames[0].count) bytes, limit \(Limits.headerBytesMax)")
    }

    @Test("faults are in order of rows, one a row, within the piece")
    func faultOrder() throws {
        let fault = { (row: UInt32) in RowFault(row: row, code: "c", message: "m") }
        let piece = Self.piece(rows: 3)
        #expect(
            try Envelope(frames: Self.result(piece: piece, answers: 3, faults: [fault(0), fault(2)])).generation == 1)
        for (faults, row) in [
            ([fault(1), fault(0)], 0), ([fault(1), fault(1)], 1), ([fault(3)], 3), ([fault(.max)], Int(UInt32.max)),
        ] {
            #expect(throws: WireError.badField("errors.row", found: "\(row)")) {
                try Envelope(frames: Self.result(piece: piece, answers: 3, faults: faults))
            }
        }
    }

    @Test("answers are 20 bytes a row")
    func answers() {
        #expect(throws: WireError.badFrame("answers", found: 40, expected: 60)) {
            try Envelope(frames: Self.result(piece: Self.piece(rows: 3), answers: 2))
        }
        #expect(throws: WireError.badFrame("answers", found: 59, expected: 60)) {
            try AnswerBlock(count: 3, bytes: Array(repeating: 0, count: 59))
        }
    }

    @Test("a worker names 64 pieces at most")
    func heartbeat() throws {
        let many = (0..<UInt32(80)).map {
            PieceName(job: Self.job, shard: $0, rows: 0..<1, attempt: 1)
        }
        let sent = Envelope(generation: 1, .heartbeat(Heartbeat(incarnation: 1, held: many)))
        guard case .heartbeat(let heartbeat) = try Envelope(frames: sent.frames).message else {
            Issue.record("another message was decoded")
            return
        }
        #expect(heartbeat.held == Array(many.prefix(Limits.piecesMax)))
        // Heartbeat (field 7) with 65 empty pieces (field 4), by hand.
        let pieces: [[UInt8]] = Array(repeating: [0x22, 0], count: 65)
        let header = Self.header([0x3A], Array(pieces.joined()))
        #expect(throws: WireError.tooLarge("held", found: 65, limit: 64)) { try Envelope(frames: [header]) }
    }

    @Test("digests have 32 bytes and job ids 16")
    func fixedSizes() {
        // ContextWanted (field 12) and CloseJob (field 22) with bytes of other sizes, by hand.
        for size in [0, 31, 33] {
            let body: [UInt8] = [0x0A, UInt8(size)] + [UInt8](repeating: 7, count: size)
            let header = Self.header([0x62], body)
            #expect(throws: WireError.badField("digest", found: "\(size) bytes")) { try Envelope(frames: [header]) }
        }
        for size in [0, 15, 17] {
            let body: [UInt8] = [0x0A, UInt8(size)] + [UInt8](repeating: 7, count: size)
            let header = Self.header([0xB2, 0x01], body)
            #expect(throws: WireError.badField("job", found: "\(size) bytes")) { try Envelope(frames: [header]) }
        }
    }

    @Test("a Welcome's durations are between 1 ms and an hour")
    func clocks() {
        for (heartbeat, lease, field) in [(0, 1, "heartbeat_ms"), (1, 0, "lease_ms"), (3_600_001, 1, "heartbeat_ms")] {
            let welcome = Welcome(
                incarnation: 1, heartbeatInterval: .milliseconds(heartbeat), leaseTime: .milliseconds(lease))
            #expect(throws: WireError.badField(field, found: "\(field == "lease_ms" ? lease : heartbeat)")) {
                try Envelope(frames: Envelope(generation: 1, .welcome(welcome)).frames)
            }
        }
    }

    @Test("a reason or role that this version does not know is refused")
    func unknownReasons() {
        // Refused (4), JobRefused (18), ShardReturned (15) and Hello (2) with reason or role 0 or 9, by hand.
        let job: [UInt8] = [0x0A, 16] + Self.job.bytes
        let piece: [UInt8] = [0x0A, 20] + job + [0x20, 0x01]
        for value in [UInt8(0), 9] {
            let bodies: [([UInt8], [UInt8], String)] = [
                ([0x22], [0x08, value], "reason"), ([0x92, 0x01], job + [0x10, value], "reason"),
                ([0x7A], piece + [0x10, value], "reason"), ([0x12], [0x08, value], "role"),
            ]
            for (tag, body, field) in bodies {
                let header = Self.header(tag, body)
                #expect(throws: WireError.badField(field, found: "\(value)")) { try Envelope(frames: [header]) }
            }
        }
    }
}

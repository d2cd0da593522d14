import Cluster
import Planning
import Wire

// Plans' entries as bytes on disk: little-endian numbers, texts and frames behind their lengths.

/// Reads what was written here; throws `journalDamaged` at its end or where a value makes no sense.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func number() throws -> UInt64 {
        guard position + 8 <= bytes.count else { throw CoordinatorError.journalDamaged }
        defer { position += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
    }

    mutating func integer() throws -> Int { Int(Int64(bitPattern: try number())) }

    mutating func real() throws -> Double { Double(bitPattern: try number()) }

    mutating func count() throws -> Int {
        let count = try integer()
        guard count >= 0, count <= bytes.count - position else { throw CoordinatorError.journalDamaged }
        return count
    }

    mutating func block() throws -> [UInt8] {
        let count = try count()
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func text() throws -> String { String(decoding: try block(), as: UTF8.self) }
}

extension [UInt8] {
    mutating func write(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    mutating func write(_ number: Int) { write(UInt64(bitPattern: Int64(number))) }

    mutating func write(_ number: Double) { write(number.bitPattern) }

    mutating func write(_ block: [UInt8]) {
        write(block.count)
        append(contentsOf: block)
    }

    mutating func write(_ text: String) { write(Array(text.utf8)) }
}

extension PlanOpening {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        let frames = Envelope(generation: 0, .requestPlan(request)).frames
        bytes.write(frames.count)
        for frame in frames { bytes.write(frame) }
        bytes.write(identity)
        bytes.write(minimum)
        bytes.write(maximum)
        // No plan has a price below 0.
        bytes.write(price ?? -1)
        bytes.write(contextRows)
        bytes.write(staleness)
        bytes.write(warnings.count)
        for warning in warnings { bytes.write(warning) }
        return bytes
    }

    init(reading reader: inout ByteReader) throws {
        var frames: [[UInt8]] = []
        for _ in 0..<(try reader.count()) { frames.append(try reader.block()) }
        guard case .requestPlan(let request) = try Envelope(frames: frames).message else {
            throw CoordinatorError.journalDamaged
        }
        let identity = try reader.block()
        let (minimum, maximum) = (try reader.integer(), try reader.integer())
        let price = try reader.real()
        let (contextRows, staleness) = (try reader.integer(), try reader.integer())
        var warnings: [String] = []
        for _ in 0..<(try reader.count()) { warnings.append(try reader.text()) }
        self.init(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: price < 0 ? nil : price,
            contextRows: contextRows, staleness: staleness, warnings: warnings)
    }
}

extension [CandidatePrediction] {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.write(count)
        for prediction in self {
            bytes.write(prediction.index)
            bytes.write(prediction.mean)
            bytes.write(prediction.kappa)
            bytes.write(prediction.source.rawValue)
        }
        return bytes
    }

    init(reading reader: inout ByteReader) throws {
        self = []
        for _ in 0..<(try reader.count()) {
            let index = try reader.integer()
            let (mean, kappa) = (try reader.real(), try reader.real())
            guard let source = BudgetSource(rawValue: try reader.text()) else { throw CoordinatorError.journalDamaged }
            append(CandidatePrediction(index: index, mean: mean, kappa: kappa, source: source))
        }
    }
}

extension GroupReport {
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.write(index)
        bytes.write(eventID)
        bytes.write(rewards.count)
        for reward in rewards { bytes.write(reward) }
        bytes.write(failed)
        bytes.write(references.count)
        for reference in references { bytes.write(reference) }
        return bytes
    }

    init(reading reader: inout ByteReader) throws {
        let index = try reader.integer()
        let eventID = try reader.text()
        var rewards: [Double] = []
        for _ in 0..<(try reader.count()) { rewards.append(try reader.real()) }
        let failed = try reader.integer()
        var references: [String] = []
        for _ in 0..<(try reader.count()) { references.append(try reader.text()) }
        self.init(index: index, eventID: eventID, rewards: rewards, failed: failed, references: references)
    }
}

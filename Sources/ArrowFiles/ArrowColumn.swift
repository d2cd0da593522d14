import CArrow
import JSON

/// One column of a batch, or a part of a nested one, read value by value.
///
/// The library has validated the batch in full (offsets, sizes, indices, UTF-8) before it is read here. What costs
/// nothing is checked again: positions, missing buffers, the number of children. Only valid while its batch exists.
final class ArrowColumn {
    /// Number of values.
    let length: Int
    /// The parts of a nested column.
    let children: [ArrowColumn]

    private let type: ArrowType
    private let offset: Int
    /// One bit a value, 0 for null; `nil` if no value is null.
    private let validity: UnsafeRawPointer?
    private let buffers: [UnsafeRawPointer?]
    private let dictionary: ArrowColumn?

    // Elements that are all null have no memory, so a small file can claim any number of them.
    private static let elementsMax = 1 << 24

    /// `nil` if the array does not have the parts that its type needs.
    init?(_ array: ArrowArray, _ type: ArrowType) {
        guard array.length >= 0, array.offset >= 0, array.n_buffers >= 0 else { return nil }
        self.type = type
        length = Int(array.length)
        offset = Int(array.offset)
        buffers = (0..<Int(array.n_buffers)).map { array.buffers?[$0].map { UnsafeRawPointer($0) } }
        validity = array.null_count == 0 ? nil : buffers.first ?? nil
        let types = Self.childTypes(of: type)
        if case .unsupported = type {
            // Its values are never read.
            (children, dictionary) = ([], nil)
            return
        }
        guard array.n_children == types.count, buffers.count >= Self.bufferCount(of: type) else { return nil }
        var children: [ArrowColumn] = []
        for (index, type) in types.enumerated() {
            guard let child = array.children?[index]?.pointee, let column = ArrowColumn(child, type) else { return nil }
            children.append(column)
        }
        self.children = children
        if case .dictionary(_, let type) = type {
            guard let values = array.dictionary?.pointee, let column = ArrowColumn(values, type) else { return nil }
            dictionary = column
        } else {
            dictionary = nil
        }
    }

    private static func childTypes(of type: ArrowType) -> [ArrowType] {
        switch type {
        case .list(let child, _), .listView(let child, _), .fixedList(let child, _), .map(let child): [child]
        case .object(_, let children): children
        default: []
        }
    }

    private static func bufferCount(of type: ArrowType) -> Int {
        switch type {
        case .null, .unsupported: 0
        case .object, .fixedList: 1
        case .bytes, .listView, .byteViews: 3
        default: 2
        }
    }

    /// The value of a row, counted from the start of this column. `null` if it is null or there is none.
    func value(at row: Int) -> JSONValue {
        guard row >= 0, row < length, offset <= Int.max - row else { return .null }
        if case .unsupported = type { return .null }
        let place = offset + row
        if let validity, validity.load(fromByteOffset: place >> 3, as: UInt8.self) >> UInt8(place & 7) & 1 == 0 {
            return .null
        }
        switch type {
        case .null, .unsupported: return .null
        case .bool:
            guard let bits = buffers[1] else { return .null }
            return .bool(bits.load(fromByteOffset: place >> 3, as: UInt8.self) >> UInt8(place & 7) & 1 == 1)
        case .number(let kind): return number(kind, at: place)
        case .bytes(let isText, let isLarge):
            return Self.text(bytes(at: place, isLarge: isLarge), isText: isText)
        case .byteViews(let isText): return Self.text(view(at: place), isText: isText)
        case .fixedBytes(let width):
            return Self.text(buffers[1].map { UnsafeRawBufferPointer(start: $0 + place * width, count: width) })
        case .decimal(let bits, let scale): return decimal(bits: bits, scale: scale, at: place)
        case .days: return load(Int32.self, at: place).map { .string(ArrowTime.date(days: Int64($0))) } ?? .null
        case .milliseconds:
            return load(Int64.self, at: place).map {
                .string(ArrowTime.timestamp($0, perSecond: ArrowType.Unit.milli.rawValue, isUTC: false))
            } ?? .null
        case .timestamp(let unit, let isUTC):
            return load(Int64.self, at: place).map {
                .string(ArrowTime.timestamp($0, perSecond: unit.rawValue, isUTC: isUTC))
            } ?? .null
        case .count(let bits): return number(bits == 32 ? .int32 : .int64, at: place)
        case .list(_, let isLarge): return .array(elements(in: bounds(at: place, isLarge: isLarge)))
        case .listView(_, let isLarge): return .array(elements(in: viewBounds(at: place, isLarge: isLarge)))
        case .fixedList(_, let width): return .array(elements(in: fixedBounds(at: place, width: width)))
        case .map: return map(in: bounds(at: place, isLarge: false))
        case .object(let names, _): return .object(object(names, at: place))
        case .dictionary(let indices, _): return entry(indices, at: place)
        }
    }

    private func load<Value: BitwiseCopyable>(_ type: Value.Type, at place: Int, buffer: Int = 1) -> Value? {
        buffers[buffer]?.loadUnaligned(fromByteOffset: place * MemoryLayout<Value>.stride, as: type)
    }

    // MARK: Numbers

    private func number(_ kind: ArrowType.Number, at place: Int) -> JSONValue {
        switch kind {
        case .half: return Self.decimal(load(Float16.self, at: place).map { Double($0) })
        case .float:
            // The shortest digits that give the same 32-bit number.
            guard let value = load(Float.self, at: place), value.isFinite else { return .null }
            return .number(value.description)
        case .double: return Self.decimal(load(Double.self, at: place))
        case .uint64: return load(UInt64.self, at: place).map { .number(String($0)) } ?? .null
        default: return integer(kind, at: place).map { .number(String($0)) } ?? .null
        }
    }

    private func integer(_ kind: ArrowType.Number, at place: Int) -> Int? {
        switch kind {
        case .int8: load(Int8.self, at: place).map(Int.init)
        case .int16: load(Int16.self, at: place).map(Int.init)
        case .int32: load(Int32.self, at: place).map(Int.init)
        case .int64: load(Int64.self, at: place).map(Int.init)
        case .uint8: load(UInt8.self, at: place).map(Int.init)
        case .uint16: load(UInt16.self, at: place).map(Int.init)
        case .uint32: load(UInt32.self, at: place).map(Int.init)
        case .uint64: load(UInt64.self, at: place).flatMap { Int(exactly: $0) }
        case .half, .float, .double: nil
        }
    }

    /// JSON has no NaN and no infinity.
    private static func decimal(_ value: Double?) -> JSONValue {
        guard let value, value.isFinite else { return .null }
        return .number(value.description)
    }

    private func decimal(bits: Int, scale: Int, at place: Int) -> JSONValue {
        let value: Int128? =
            switch bits {
            case 32: load(Int32.self, at: place).map { Int128($0) }
            case 64: load(Int64.self, at: place).map { Int128($0) }
            default: load(Int128.self, at: place)
            }
        guard let value else { return .null }
        var digits = String(value.magnitude)
        if scale > 0 {
            digits = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
        } else if value != 0 {
            digits += String(repeating: "0", count: -scale)
        }
        return .number(value < 0 ? "-" + digits : digits)
    }

    // MARK: Text

    private func bytes(at place: Int, isLarge: Bool) -> UnsafeRawBufferPointer? {
        let range = bounds(at: place, isLarge: isLarge)
        guard let start = buffers[2] else { return range.isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : nil }
        return UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)
    }

    /// A view of 16 bytes: the size, then the text itself if it has at most 12 bytes, else 4 bytes of it, the number of a
    /// buffer and a position there.
    private func view(at place: Int) -> UnsafeRawBufferPointer? {
        guard let view = buffers[1].map({ $0 + place * 16 }) else { return nil }
        let count = Int(view.loadUnaligned(as: Int32.self))
        guard count > 12 else { return UnsafeRawBufferPointer(start: view + 4, count: max(0, count)) }
        let buffer = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let start = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        // The last buffer has the sizes of the others.
        guard buffer >= 0, start >= 0, buffer + 2 < buffers.count - 1, let bytes = buffers[buffer + 2] else {
            return nil
        }
        return UnsafeRawBufferPointer(start: bytes + start, count: count)
    }

    /// Bytes without a declared encoding are text if they are UTF-8, and null if not.
    private static func text(_ bytes: UnsafeRawBufferPointer?, isText: Bool = false) -> JSONValue {
        guard let bytes else { return .null }
        if isText { return .string(String(decoding: bytes, as: UTF8.self)) }
        return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .null
    }

    // MARK: Nested values

    private func bounds(at place: Int, isLarge: Bool) -> Range<Int> {
        let start = isLarge ? load(Int64.self, at: place).map(Int.init) : load(Int32.self, at: place).map(Int.init)
        let end =
            isLarge ? load(Int64.self, at: place + 1).map(Int.init) : load(Int32.self, at: place + 1).map(Int.init)
        guard let start, let end, start >= 0, end >= start else { return 0..<0 }
        return start..<end
    }

    private func viewBounds(at place: Int, isLarge: Bool) -> Range<Int> {
        let start = isLarge ? load(Int64.self, at: place).map(Int.init) : load(Int32.self, at: place).map(Int.init)
        let count =
            isLarge
            ? load(Int64.self, at: place, buffer: 2).map(Int.init)
            : load(Int32.self, at: place, buffer: 2).map(Int.init)
        guard let start, let count, start >= 0, count >= 0, count <= Int.max - start else { return 0..<0 }
        return start..<start + count
    }

    private func fixedBounds(at place: Int, width: Int) -> Range<Int> {
        let (start, overflow) = place.multipliedReportingOverflow(by: width)
        guard !overflow, start <= Int.max - width else { return 0..<0 }
        return start..<start + width
    }

    private func elements(in range: Range<Int>) -> [JSONValue] {
        guard let child = children.first, range.count <= Self.elementsMax else { return [] }
        return range.clamped(to: 0..<child.length).map { child.value(at: $0) }
    }

    /// Members that are null are left out: files give every struct of a column the same members, and fill in null for
    /// those that a row did not have.
    private func object(_ names: [String], at place: Int) -> JSONObject {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(names.count)
        for (name, child) in zip(names, children) {
            let value = child.value(at: place)
            if value != .null { members.append(JSONObject.Member(name: name, value: value)) }
        }
        return JSONObject(members)
    }

    /// An object if all keys are strings, else an array of entries.
    private func map(in range: Range<Int>) -> JSONValue {
        guard let entries = children.first, entries.children.count == 2 else { return .null }
        var members: [JSONObject.Member] = []
        for index in range.clamped(to: 0..<entries.length) {
            guard case .string(let key) = entries.children[0].value(at: entries.offset + index) else {
                return .array(elements(in: range))
            }
            members.append(JSONObject.Member(name: key, value: entries.children[1].value(at: entries.offset + index)))
        }
        return .object(JSONObject(members))
    }

    private func entry(_ indices: ArrowType.Number, at place: Int) -> JSONValue {
        guard let index = integer(indices, at: place) else { return .null }
        return dictionary?.value(at: index) ?? .null
    }
}

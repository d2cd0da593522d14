import CArrow
import JSON

/// One column of a batch, or a part of a nested one, read value by value.
///
/// The library has validated the batch in full (offsets, sizes, indices, UTF-8) before it is read here. What costs
/// nothing is checked again: positions, missing buffers, the number of children. Only valid while its batch exists.
///
/// A value is made for every row and column, so nothing here is counted by reference while values are read: parts are
/// reached by pointers, which `deallocate` frees.
struct ArrowColumn {
    /// Number of values.
    let length: Int

    let kind: ArrowType.Kind
    let offset: Int
    /// One bit a value, 0 for null; `nil` if no value is null.
    private let validity: UnsafeRawPointer?
    private let buffers: UnsafeMutableBufferPointer<UnsafeRawPointer?>
    /// Numbers, offsets or views.
    private let values: UnsafeRawPointer?
    /// The bytes that offsets lead to.
    private let bytes: UnsafeRawPointer?
    /// Whether all text that is read of the column is ASCII: then strings are copies without a check.
    private let isASCII: Bool
    /// The parts of a nested column; of a dictionary, its values.
    let parts: UnsafeMutableBufferPointer<ArrowColumn>
    /// Names of the members of an object.
    private let names: UnsafeMutableBufferPointer<String>
    /// Of a dictionary with flat values: those that were read.
    private let dictionary: Unmanaged<DictionaryValues>?

    private static let elementsMax = 1 << 24  // Of one list.

    /// `nil` if the array does not have the parts that its type needs. `rows` are those that will be read; `nil` for all.
    /// A batch may be a slice of a larger one, and the elements of its lists are then still those of the whole. `previous` is
    /// the same column of another batch whose memory still exists.
    init?(
        _ array: ArrowArray, _ type: ArrowType, reading rows: Range<Int>? = nil, after previous: ArrowColumn? = nil
    ) {
        guard array.length >= 0, array.offset >= 0, array.n_buffers >= 0, array.length <= Int64.max - array.offset
        else { return nil }
        guard type.kind == .unsupported || array.n_buffers >= Self.bufferCount(of: type.kind) else { return nil }
        let all = 0..<Int(array.length)
        let read = rows.map { $0.clamped(to: all) } ?? all
        let places = Int(array.offset) + read.lowerBound..<Int(array.offset) + read.upperBound
        guard let parts = Self.parts(of: array, type, places, after: previous) else { return nil }
        self.parts = parts
        kind = type.kind
        length = Int(array.length)
        offset = Int(array.offset)
        buffers = .allocate(capacity: Int(array.n_buffers))
        for place in buffers.indices {
            buffers.initializeElement(at: place, to: array.buffers?[place].map { UnsafeRawPointer($0) })
        }
        validity = array.null_count == 0 ? nil : buffers.first ?? nil
        values = buffers.count > 1 ? buffers[1] : nil
        bytes = buffers.count > 2 ? buffers[2] : nil
        isASCII = Self.isASCII(type.kind, values, bytes, places)
        names = .allocate(capacity: type.names.count)
        _ = names.initialize(from: type.names)
        dictionary = Self.dictionary(of: type, parts, after: previous)
    }

    private static func parts(
        of array: ArrowArray, _ type: ArrowType, _ places: Range<Int>, after previous: ArrowColumn?
    ) -> UnsafeMutableBufferPointer<ArrowColumn>? {
        // The values of an unsupported type are never read.
        let types = type.kind == .unsupported ? [] : type.children
        let isDictionary = if case .dictionary = type.kind { true } else { false }
        guard type.kind == .unsupported || isDictionary || array.n_children == types.count else { return nil }
        let parts = UnsafeMutableBufferPointer<ArrowColumn>.allocate(capacity: types.count)
        let rows = rowsOfParts(of: array, type.kind, places)
        for (place, type) in types.enumerated() {
            let part = isDictionary ? array.dictionary : array.children?[place]
            let last = previous.flatMap { $0.parts.indices.contains(place) ? $0.parts[place] : nil }
            guard let part = part?.pointee, let column = ArrowColumn(part, type, reading: rows, after: last) else {
                deallocate(UnsafeMutableBufferPointer(rebasing: parts[..<place]), freeing: parts)
                return nil
            }
            parts.initializeElement(at: place, to: column)
        }
        return parts
    }

    /// The rows of a part that the values at these places lead to; `nil` for all.
    private static func rowsOfParts(
        of array: ArrowArray, _ kind: ArrowType.Kind, _ places: Range<Int>
    ) -> Range<Int>? {
        switch kind {
        case .object: return places
        case .list(let isLarge): return elements(of: array, places, isLarge: isLarge)
        case .map: return elements(of: array, places, isLarge: false)
        // Each value is read once, so to look at all of them first would take longer.
        case .dictionary: return 0..<0
        default: return nil
        }
    }

    private static func elements(of array: ArrowArray, _ places: Range<Int>, isLarge: Bool) -> Range<Int> {
        guard !places.isEmpty, let offsets = array.buffers?[1] else { return 0..<0 }
        let start = offset(places.lowerBound, of: offsets, isLarge: isLarge)
        let end = offset(places.upperBound, of: offsets, isLarge: isLarge)
        guard start >= 0, end >= start else { return 0..<0 }
        return start..<end
    }

    private static func bufferCount(of kind: ArrowType.Kind) -> Int {
        switch kind {
        case .null, .unsupported: 0
        case .object, .fixedList: 1
        case .bytes, .listView, .byteViews: 3
        default: 2
        }
    }

    /// Whether all text that the rows lead to is ASCII, which is faster to see at once than text by text.
    private static func isASCII(
        _ kind: ArrowType.Kind, _ offsets: UnsafeRawPointer?, _ bytes: UnsafeRawPointer?, _ rows: Range<Int>
    ) -> Bool {
        guard case .bytes(_, let isLarge) = kind, let offsets, let bytes, !rows.isEmpty else { return false }
        let start = offset(rows.lowerBound, of: offsets, isLarge: isLarge)
        let end = offset(rows.upperBound, of: offsets, isLarge: isLarge)
        guard start >= 0, end >= start else { return false }
        let text = UnsafeRawBufferPointer(start: bytes + start, count: end - start)
        var (seen, place) = (SIMD8<UInt64>.zero, 0)
        while place + 64 <= text.count {
            seen |= text.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt64>.self)
            place += 64
        }
        var rest: UInt8 = 0
        for byte in text[place...] { rest |= byte }
        return seen & SIMD8(repeating: 0x8080_8080_8080_8080) == .zero && rest < 0x80
    }

    private static func offset(_ row: Int, of offsets: UnsafeRawPointer, isLarge: Bool) -> Int {
        isLarge
            ? Int(offsets.loadUnaligned(fromByteOffset: row * 8, as: Int64.self))
            : Int(offsets.loadUnaligned(fromByteOffset: row * 4, as: Int32.self))
    }

    /// The values of `previous` if both have the same dictionary: as both exist, equal addresses are the same memory.
    private static func dictionary(
        of type: ArrowType, _ parts: UnsafeMutableBufferPointer<ArrowColumn>, after previous: ArrowColumn?
    ) -> Unmanaged<DictionaryValues>? {
        guard case .dictionary = type.kind, type.children[0].children.isEmpty else { return nil }
        if let previous, let known = previous.dictionary, parts[0].isSameMemory(as: previous.parts[0]) {
            return known.retain()
        }
        return .passRetained(DictionaryValues(count: parts[0].length))
    }

    private func isSameMemory(as other: ArrowColumn) -> Bool {
        length == other.length && offset == other.offset && values != nil && buffers.elementsEqual(other.buffers)
    }

    /// Frees what the column allocated; it is not to be used afterwards.
    func deallocate() {
        Self.deallocate(parts)
        buffers.deallocate()
        names.deinitialize()
        names.deallocate()
        dictionary?.release()
    }

    private static func deallocate(
        _ columns: UnsafeMutableBufferPointer<ArrowColumn>,
        freeing memory: UnsafeMutableBufferPointer<ArrowColumn>? = nil
    ) {
        for place in columns.indices { columns[place].deallocate() }
        columns.deinitialize()
        (memory ?? columns).deallocate()
    }

    /// The largest number of elements, here or in a part, that have no memory, so that a file can state any number of them.
    var emptyElements: Int { parts.reduce(buffers.allSatisfy { $0 == nil } ? length : 0) { max($0, $1.emptyElements) } }

    // MARK: Values

    /// The value of a row, counted from the start of this column. `null` if it is null or there is none.
    func value(at row: Int) -> JSONValue {
        guard row >= 0, row < length else { return .null }
        let place = offset + row
        if isNull(at: place) { return .null }
        switch kind {
        case .null, .unsupported: return .null
        case .bool:
            guard let values else { return .null }
            return .bool(values.load(fromByteOffset: place >> 3, as: UInt8.self) >> UInt8(place & 7) & 1 == 1)
        case .number(let kind): return number(kind, at: place)
        case .bytes(let isText, let isLarge): return text(text(at: place, isLarge: isLarge), isText: isText)
        case .byteViews(let isText): return text(view(at: place), isText: isText)
        case .fixedBytes(let width):
            return text(
                values.map { UnsafeRawBufferPointer(start: $0 + place * width, count: width) }, isText: false)
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
        case .list, .listView, .fixedList: return .array(elements(in: list(at: place)))
        case .map: return map(in: bounds(at: place, isLarge: false))
        case .object: return .object(object(at: place))
        case .dictionary(let indices): return entry(indices, at: place)
        }
    }

    /// The members of a row of an object that are not null, the row counted as `value(at:)` does: files give every struct
    /// of a column the same members, and fill in null for those that a row did not have.
    func object(atRow row: Int) -> JSONObject {
        guard row >= 0, row < length else { return JSONObject() }
        return object(at: offset + row)
    }

    /// The value of one member of a row. `null` if there is no such member.
    func member(_ place: Int, atRow row: Int) -> JSONValue {
        guard parts.indices.contains(place), row >= 0, row < length else { return .null }
        return parts[place].value(at: offset + row)
    }

    /// Whether the value at a place of the buffers is null.
    func isNull(at place: Int) -> Bool {
        guard let validity else { return false }
        return validity.load(fromByteOffset: place >> 3, as: UInt8.self) >> UInt8(place & 7) & 1 == 0
    }

    func load<Value: BitwiseCopyable>(_ type: Value.Type, at place: Int) -> Value? {
        values?.loadUnaligned(fromByteOffset: place * MemoryLayout<Value>.stride, as: type)
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

    private func text(at place: Int, isLarge: Bool) -> UnsafeRawBufferPointer? {
        let range = bounds(at: place, isLarge: isLarge)
        guard let bytes else { return range.isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : nil }
        return UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count)
    }

    /// A view of 16 bytes: the size, then the text itself if it has at most 12 bytes, else 4 bytes of it, the number of a
    /// buffer and a position there.
    private func view(at place: Int) -> UnsafeRawBufferPointer? {
        guard let view = values.map({ $0 + place * 16 }) else { return nil }
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
    private func text(_ bytes: UnsafeRawBufferPointer?, isText: Bool) -> JSONValue {
        guard let bytes else { return .null }
        if isASCII {
            return .string(
                String(copying: UTF8Span(unchecked: bytes.assumingMemoryBound(to: UInt8.self).span, isKnownASCII: true))
            )
        }
        if isText { return .string(String(decoding: bytes, as: UTF8.self)) }
        return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .null
    }

    // MARK: Nested values

    /// The elements of the list at a place of the buffers, of the part's elements.
    func list(at place: Int) -> Range<Int> {
        let range =
            switch kind {
            case .list(let isLarge): bounds(at: place, isLarge: isLarge)
            case .listView(let isLarge): viewBounds(at: place, isLarge: isLarge)
            case .fixedList(let width): fixedBounds(at: place, width: width)
            default: 0..<0
            }
        guard let elements = parts.first?.length, range.count <= Self.elementsMax else { return 0..<0 }
        return range.clamped(to: 0..<elements)
    }

    private func bounds(at place: Int, isLarge: Bool) -> Range<Int> {
        guard let values else { return 0..<0 }
        let start = Self.offset(place, of: values, isLarge: isLarge)
        let end = Self.offset(place + 1, of: values, isLarge: isLarge)
        guard start >= 0, end >= start else { return 0..<0 }
        return start..<end
    }

    private func viewBounds(at place: Int, isLarge: Bool) -> Range<Int> {
        guard let values, let bytes else { return 0..<0 }
        let start = Self.offset(place, of: values, isLarge: isLarge)
        let count = Self.offset(place, of: bytes, isLarge: isLarge)
        guard start >= 0, count >= 0, count <= Int.max - start else { return 0..<0 }
        return start..<start + count
    }

    private func fixedBounds(at place: Int, width: Int) -> Range<Int> {
        let (start, overflow) = place.multipliedReportingOverflow(by: width)
        guard !overflow, start <= Int.max - width else { return 0..<0 }
        return start..<start + width
    }

    private func elements(in range: Range<Int>) -> [JSONValue] {
        guard let elements = parts.first?.length, range.count <= Self.elementsMax else { return [] }
        let range = range.clamped(to: 0..<elements)
        var values: [JSONValue] = []
        values.reserveCapacity(range.count)
        for place in range { values.append(parts[0].value(at: place)) }
        return values
    }

    private func object(at place: Int) -> JSONObject {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(names.count)
        for member in names.indices {
            let value = parts[member].value(at: place)
            if case .null = value { continue }
            members.append(JSONObject.Member(name: names[member], value: value))
        }
        return JSONObject(members)
    }

    /// An object if all keys are strings, else an array of entries.
    private func map(in range: Range<Int>) -> JSONValue {
        guard let entries = parts.first, entries.parts.count == 2 else { return .null }
        var members: [JSONObject.Member] = []
        for index in range.clamped(to: 0..<entries.length) {
            guard case .string(let key) = entries.member(0, atRow: index) else {
                return .array(elements(in: range))
            }
            members.append(JSONObject.Member(name: key, value: entries.member(1, atRow: index)))
        }
        return .object(JSONObject(members))
    }

    private func entry(_ indices: ArrowType.Number, at place: Int) -> JSONValue {
        guard let index = integer(indices, at: place), index >= 0 else { return .null }
        guard let dictionary else { return parts[0].value(at: index) }
        return dictionary._withUnsafeGuaranteedRef { $0.value(at: index, of: parts[0]) }
    }
}

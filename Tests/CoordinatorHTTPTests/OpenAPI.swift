import Foundation
import TestSupport
import Yams

/// `proto/openapi.yaml`, and whether an answer is as it says. Knows as much of JSON Schema as the file uses, and refuses
/// to read a keyword that it does not know.
struct OpenAPI {
    let root: [String: Any]

    init() throws {
        let text = try String(contentsOf: Repository.root.appending(path: "proto/openapi.yaml"), encoding: .utf8)
        root = try Yams.load(yaml: text) as? [String: Any] ?? [:]
    }

    private var paths: [String: [String: Any]] { root["paths"] as? [String: [String: Any]] ?? [:] }

    /// Every `METHOD path status` that is described.
    var answers: Set<String> {
        var all: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations {
                let responses = (operation as? [String: Any])?["responses"] as? [String: Any] ?? [:]
                for status in responses.keys { all.insert("\(method.uppercased()) \(path) \(status)") }
            }
        }
        return all
    }

    /// What is wrong with an answer to a path of the shape `route`; nothing if all is as described.
    func problems(_ method: String, _ route: String, _ answer: LoopbackHTTP.Answer) -> [String] {
        let name = "\(method) \(route) \(answer.status)"
        guard let operation = paths[route]?[method.lowercased()] as? [String: Any],
            let responses = operation["responses"] as? [String: Any],
            let response = (responses["\(answer.status)"] as? [String: Any]).map(resolve)
        else { return ["\(name) is not described"] }
        let type = (answer.headers["content-type"] ?? "").split(separator: ";").first.map(String.init) ?? ""
        let content = response["content"] as? [String: Any] ?? [:]
        guard let schema = (content[type] as? [String: Any])?["schema"] else {
            return ["\(name) is \(type), described are \(content.keys.sorted())"]
        }
        switch type {
        case "application/json": return problems(answer.json, schema, at: name)
        case "application/x-ndjson":
            return answer.text.split(separator: "\n").enumerated().flatMap { number, line in
                let value = try? JSONSerialization.jsonObject(with: Data(line.utf8))
                return problems(value ?? NSNull(), schema, at: "\(name) line \(number + 1)")
            }
        default: return []
        }
    }

    /// What is wrong with an error that belongs to no operation.
    func problems(withError answer: LoopbackHTTP.Answer) -> [String] {
        problems(answer.json, ["$ref": "#/components/schemas/Error"], at: "error \(answer.status)")
    }

    /// What is wrong with a request's body.
    func problems(withRequest body: Any, to route: String) -> [String] {
        let operation = paths[route]?["post"] as? [String: Any]
        let content = (operation?["requestBody"] as? [String: Any])?["content"] as? [String: Any]
        let schema = (content?["application/json"] as? [String: Any])?["schema"] ?? [String: Any]()
        return problems(body, schema, at: "request to \(route)")
    }

    private func resolve(_ object: [String: Any]) -> [String: Any] {
        guard let reference = object["$ref"] as? String else { return object }
        var value: Any = root
        for key in reference.dropFirst(2).split(separator: "/") {
            value = (value as? [String: Any])?[String(key)] ?? [:]
        }
        return resolve(value as? [String: Any] ?? [:])
    }

    private static let annotations: Set = ["description", "default", "example", "$ref"]
    private static let keywords: Set = [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "minimum", "maximum",
        "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "oneOf", "allOf", "not",
    ]

    private func problems(_ value: Any, _ schema: Any, at path: String) -> [String] {
        let schema = resolve(schema as? [String: Any] ?? [:])
        let unknown = Set(schema.keys).subtracting(Self.keywords).subtracting(Self.annotations)
        guard unknown.isEmpty else {
            return ["\(path): the schema has keywords that are not read here: \(unknown.sorted())"]
        }
        var found: [String] = []
        if let types = schema["type"] as? [String] ?? (schema["type"] as? String).map({ [$0] }) {
            guard types.contains(where: { Self.isA($0, value) }) else { return ["\(path): \(value) is not \(types)"] }
        }
        if let values = schema["enum"] as? [Any], !values.contains(where: { Self.areEqual($0, value) }) {
            found.append("\(path): \(value) is none of \(values)")
        }
        if let constant = schema["const"], !Self.areEqual(constant, value) {
            found.append("\(path): \(value) is not \(constant)")
        }
        for part in schema["allOf"] as? [Any] ?? [] { found += problems(value, part, at: path) }
        if let choices = schema["oneOf"] as? [Any] {
            let each = choices.map { problems(value, $0, at: path) }
            let fitting = each.filter(\.isEmpty).count
            if fitting != 1 {
                found.append(
                    "\(path): \(fitting) of \(choices.count) choices fit: \(each.min { $0.count < $1.count } ?? [])")
            }
        }
        if let excluded = schema["not"], problems(value, excluded, at: path).isEmpty {
            found.append("\(path) is what it must not be")
        }
        if let object = value as? [String: Any] { found += problems(object, schema, at: path) }
        if let array = value as? [Any] {
            found += Self.bounds(array.count, schema, "minItems", "maxItems", "\(path): elements")
            if let items = schema["items"] {
                for (index, element) in array.enumerated() {
                    found += problems(element, items, at: "\(path)[\(index)]")
                }
            }
        }
        if let text = value as? String {
            found += Self.bounds(text.unicodeScalars.count, schema, "minLength", "maxLength", "\(path): length")
            if let pattern = schema["pattern"] as? String, let regex = try? Regex(pattern),
                text.firstMatch(of: regex) == nil
            {
                found.append("\(path): \(text) does not match \(pattern)")
            }
        }
        if !Self.isA("boolean", value), let number = value as? NSNumber {
            if let least = Self.double(schema["minimum"]), number.doubleValue < least {
                found.append("\(path): \(number) < \(least)")
            }
            if let most = Self.double(schema["maximum"]), number.doubleValue > most {
                found.append("\(path): \(number) > \(most)")
            }
            if let end = Self.double(schema["exclusiveMaximum"]), number.doubleValue >= end {
                found.append("\(path): \(number) >= \(end)")
            }
        }
        return found
    }

    private func problems(_ object: [String: Any], _ schema: [String: Any], at path: String) -> [String] {
        var found: [String] = []
        let properties = schema["properties"] as? [String: Any] ?? [:]
        for key in schema["required"] as? [String] ?? [] where object[key] == nil {
            found.append("\(path).\(key) is missing")
        }
        for (key, member) in object {
            if let property = properties[key] {
                found += problems(member, property, at: "\(path).\(key)")
            } else if let others = schema["additionalProperties"] as? [String: Any] {
                found += problems(member, others, at: "\(path).\(key)")
            } else if schema["additionalProperties"] as? Bool == false {
                found.append("\(path).\(key) is not described")
            }
        }
        return found
    }

    private static func bounds(
        _ count: Int, _ schema: [String: Any], _ least: String, _ most: String, _ what: String
    ) -> [String] {
        let isWithin = count >= schema[least] as? Int ?? 0 && count <= schema[most] as? Int ?? .max
        return isWithin ? [] : ["\(what): \(count) is not from \(schema[least] ?? 0) to \(schema[most] ?? "any")"]
    }

    private static func double(_ value: Any?) -> Double? { value as? Double ?? (value as? Int).map(Double.init) }

    private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

    private static func isA(_ type: String, _ value: Any) -> Bool {
        switch type {
        case "null": value is NSNull
        case "string": value is String
        case "array": value is [Any]
        case "object": value is [String: Any]
        case "boolean": (value as? NSNumber).map(isBoolean) ?? (value is Bool)
        case "number": (value as? NSNumber).map { !isBoolean($0) } ?? false
        case "integer":
            (value as? NSNumber).map { !isBoolean($0) && $0.doubleValue == $0.doubleValue.rounded() } ?? false
        default: false
        }
    }

    private static func areEqual(_ left: Any, _ right: Any) -> Bool {
        if left is NSNull || right is NSNull { return left is NSNull && right is NSNull }
        return "\(left)" == "\(right)"
    }
}

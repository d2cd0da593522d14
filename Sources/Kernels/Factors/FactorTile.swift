/// The inner loops of `SymmetricFactor`, on bare pointers that it has checked: tiles of four rows and three columns.
///
/// Twelve sums of four lanes fill the registers of AVX2. Each of seven loads serves three or four of them.
enum FactorTile {
    static let rows = 4
    static let columns = 3
    private typealias Four = SIMD4<Double>

    /// A tile of L left of the diagonal: elements of `row…row + 3` in `column…column + 2`, in place of those of A.
    static func solve(_ l: UnsafeMutablePointer<Double>, _ size: Int, row: Int, column: Int) {
        let sums = dots(l + row * size, l + column * size, size, from: 0, to: column)
        for index in 0..<rows {
            finish(l + (row + index) * size + column, l + column * (size + 1), size, sums[index])
        }
    }

    /// A block on the diagonal, all columns left of which are finished; `false` where a pivot is not above 0.
    static func factorise(_ l: UnsafeMutablePointer<Double>, _ size: Int, rows block: Range<Int>) -> Bool {
        let first = block.lowerBound
        for row in stride(from: first, to: block.upperBound, by: rows) {
            for column in stride(from: first, to: row + rows, by: columns) {
                let sums = dots(l + row * size, l + column * size, size, from: 0, to: first)
                for index in 0..<rows {
                    for (offset, sum) in [sums[index].x, sums[index].y, sums[index].z].enumerated()
                    where column + offset <= row + index {
                        l[(row + index) * size + column + offset] -= sum
                    }
                }
            }
        }
        for row in block {
            let own = l + row * size
            for column in first..<row {
                let other = l + column * size
                var value = own[column]
                for k in first..<column { value -= own[k] * other[k] }
                own[column] = value / other[column]
            }
            var square = own[row]
            for k in first..<row { square -= own[k] * own[k] }
            guard square > 0 else { return false }
            own[row] = square.squareRoot()
        }
        return true
    }

    /// Elements `row…row + 2` of four columns of L⁻¹, kept one after the other; `own` is the index of the first of them,
    /// and elements before `first` are 0.
    static func solveInverse(
        _ l: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ size: Int, row: Int, first: Int, own: Int
    ) {
        guard row + columns > own else { return }
        let sums = dots(y, l + row * size, size, from: first, to: row)
        for index in 0..<rows {
            let place = y + index * size + row
            let unit = own + index - row
            if unit >= 0 && unit < columns { place[unit] = 1 }
            finish(place, l + row * (size + 1), size, sums[index])
        }
    }

    /// Three elements of a row after their sums are known: each also depends on those before it.
    private static func finish(
        _ x: UnsafeMutablePointer<Double>, _ triangle: UnsafePointer<Double>, _ size: Int, _ sums: SIMD3<Double>
    ) {
        let (second, third) = (triangle + size, triangle + 2 * size)
        x[0] = (x[0] - sums.x) / triangle[0]
        x[1] = (x[1] - sums.y - x[0] * second[0]) / second[1]
        x[2] = (x[2] - sums.z - x[0] * third[0] - x[1] * third[1]) / third[2]
    }

    /// Dot products of four rows with three, over elements `from ..< to`; the last elements are read one by one.
    @inline(__always)
    private static func dots(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ size: Int, from: Int, to: Int
    ) -> Sums {
        let (a1, a2, a3) = (a + size, a + 2 * size, a + 3 * size)
        let (b1, b2) = (b + size, b + 2 * size)
        var (s00, s01, s02) = (Four.zero, Four.zero, Four.zero)
        var (s10, s11, s12) = (Four.zero, Four.zero, Four.zero)
        var (s20, s21, s22) = (Four.zero, Four.zero, Four.zero)
        var (s30, s31, s32) = (Four.zero, Four.zero, Four.zero)
        var k = from
        while k + 4 <= to {
            let (x, y, z) = (load(b + k), load(b1 + k), load(b2 + k))
            let p = load(a + k)
            s00.addProduct(p, x)
            s01.addProduct(p, y)
            s02.addProduct(p, z)
            let q = load(a1 + k)
            s10.addProduct(q, x)
            s11.addProduct(q, y)
            s12.addProduct(q, z)
            let r = load(a2 + k)
            s20.addProduct(r, x)
            s21.addProduct(r, y)
            s22.addProduct(r, z)
            let t = load(a3 + k)
            s30.addProduct(t, x)
            s31.addProduct(t, y)
            s32.addProduct(t, z)
            k += 4
        }
        var sums = Sums(
            SIMD3(s00.sum(), s01.sum(), s02.sum()), SIMD3(s10.sum(), s11.sum(), s12.sum()),
            SIMD3(s20.sum(), s21.sum(), s22.sum()), SIMD3(s30.sum(), s31.sum(), s32.sum()))
        while k < to {
            let other = SIMD3(b[k], b1[k], b2[k])
            sums.add(a[k] * other, a1[k] * other, a2[k] * other, a3[k] * other)
            k += 1
        }
        return sums
    }

    /// One dot product over the first `count` elements.
    static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var (first, second) = (Four.zero, Four.zero)
        var k = 0
        while k + 8 <= count {
            first.addProduct(load(a + k), load(b + k))
            second.addProduct(load(a + k + 4), load(b + k + 4))
            k += 8
        }
        var sum = (first + second).sum()
        while k < count {
            sum += a[k] * b[k]
            k += 1
        }
        return sum
    }

    /// x −= factor · row over the first `count` elements.
    static func subtract(
        _ factor: Double, _ row: UnsafePointer<Double>, from x: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        for k in 0..<count { x[k] -= factor * row[k] }
    }

    @inline(__always)
    private static func load(_ pointer: UnsafePointer<Double>) -> Four {
        UnsafeRawPointer(pointer).loadUnaligned(as: Four.self)
    }

    /// The sums of a tile, by its four rows.
    private struct Sums {
        var first: SIMD3<Double>
        var second: SIMD3<Double>
        var third: SIMD3<Double>
        var fourth: SIMD3<Double>

        @inline(__always)
        init(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>, _ fourth: SIMD3<Double>) {
            (self.first, self.second, self.third, self.fourth) = (first, second, third, fourth)
        }

        @inline(__always)
        mutating func add(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>, _ d: SIMD3<Double>) {
            (first, second, third, fourth) = (first + a, second + b, third + c, fourth + d)
        }

        @inline(__always)
        subscript(row: Int) -> SIMD3<Double> {
            switch row {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        }
    }
}

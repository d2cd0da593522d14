import Kernels
import Testing

@Suite("Shape")
struct ShapeTests {
    @Test("a shape counts its elements and refuses what no memory could hold")
    func counts() {
        #expect(Shape(2, 3, 4).elementCount == 24)
        #expect(Shape().elementCount == 1)
        #expect(Shape(0, 7).elementCount == 0)
        #expect(Shape(-1, 7).elementCount == nil)
        #expect(Shape(1 << 40, 1 << 40).elementCount == nil)
        #expect(Shape(1024, 2048).description == "(1024, 2048)")
    }
}

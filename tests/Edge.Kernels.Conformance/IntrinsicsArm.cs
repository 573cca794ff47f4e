// AdvSimd and Dp as far as kernels use them; see Intrinsics.cs.
using System.Runtime.CompilerServices;

namespace System.Runtime.Intrinsics.Arm
{
    [Intrinsic]
    public abstract unsafe class AdvSimd
    {
        // Same type in and out
        [Intrinsic] public static Vector128<T> Abs<T>(Vector128<T> a) => Abs(a);
        [Intrinsic] public static Vector128<T> Add<T>(Vector128<T> a, Vector128<T> b) => Add(a, b);
        [Intrinsic] public static Vector128<T> And<T>(Vector128<T> a, Vector128<T> b) => And(a, b);
        [Intrinsic] public static Vector128<T> BitwiseSelect<T>(Vector128<T> m, Vector128<T> a, Vector128<T> b) =>
            BitwiseSelect(m, a, b);
        [Intrinsic] public static Vector128<T> CompareEqual<T>(Vector128<T> a, Vector128<T> b) => CompareEqual(a, b);
        [Intrinsic] public static Vector128<T> CompareGreaterThan<T>(Vector128<T> a, Vector128<T> b) =>
            CompareGreaterThan(a, b);
        [Intrinsic] public static Vector128<T> CompareLessThan<T>(Vector128<T> a, Vector128<T> b) =>
            CompareLessThan(a, b);
        [Intrinsic] public static Vector128<T> CompareTest<T>(Vector128<T> a, Vector128<T> b) => CompareTest(a, b);
        [Intrinsic] public static Vector128<T> ExtractVector128<T>(Vector128<T> a, Vector128<T> b, byte n) =>
            ExtractVector128(a, b, n);
        [Intrinsic] public static Vector128<T> FusedMultiplyAdd<T>(Vector128<T> s, Vector128<T> a, Vector128<T> b) =>
            FusedMultiplyAdd(s, a, b);
        [Intrinsic] public static Vector128<T> FusedMultiplySubtract<T>(Vector128<T> s, Vector128<T> a,
            Vector128<T> b) =>
            FusedMultiplySubtract(s, a, b);
        [Intrinsic] public static Vector128<T> Max<T>(Vector128<T> a, Vector128<T> b) => Max(a, b);
        [Intrinsic] public static Vector128<T> Min<T>(Vector128<T> a, Vector128<T> b) => Min(a, b);
        [Intrinsic] public static Vector128<T> Multiply<T>(Vector128<T> a, Vector128<T> b) => Multiply(a, b);
        [Intrinsic] public static Vector128<T> MultiplyAdd<T>(Vector128<T> s, Vector128<T> a, Vector128<T> b) =>
            MultiplyAdd(s, a, b);
        [Intrinsic] public static Vector128<T> MultiplySubtract<T>(Vector128<T> s, Vector128<T> a, Vector128<T> b) =>
            MultiplySubtract(s, a, b);
        [Intrinsic] public static Vector128<T> MultiplyBySelectedScalar<T>(Vector128<T> a, Vector128<T> b, byte n) =>
            MultiplyBySelectedScalar(a, b, n);
        [Intrinsic] public static Vector128<T> Negate<T>(Vector128<T> a) => Negate(a);
        [Intrinsic] public static Vector128<T> Not<T>(Vector128<T> a) => Not(a);
        [Intrinsic] public static Vector128<T> Or<T>(Vector128<T> a, Vector128<T> b) => Or(a, b);
        [Intrinsic] public static Vector128<T> ShiftLeftAndInsert<T>(Vector128<T> a, Vector128<T> b, byte n) =>
            ShiftLeftAndInsert(a, b, n);
        [Intrinsic] public static Vector128<T> ShiftLeftLogical<T>(Vector128<T> a, byte n) => ShiftLeftLogical(a, n);
        [Intrinsic] public static Vector128<T> ShiftRightAndInsert<T>(Vector128<T> a, Vector128<T> b, byte n) =>
            ShiftRightAndInsert(a, b, n);
        [Intrinsic] public static Vector128<T> ShiftRightArithmetic<T>(Vector128<T> a, byte n) =>
            ShiftRightArithmetic(a, n);
        [Intrinsic] public static Vector128<T> ShiftRightLogical<T>(Vector128<T> a, byte n) => ShiftRightLogical(a, n);
        [Intrinsic] public static Vector128<T> Subtract<T>(Vector128<T> a, Vector128<T> b) => Subtract(a, b);
        [Intrinsic] public static Vector128<T> Xor<T>(Vector128<T> a, Vector128<T> b) => Xor(a, b);

        // Memory, lanes
        [Intrinsic] public static Vector128<T> LoadVector128<T>(T* p) => LoadVector128(p);
        [Intrinsic] public static Vector64<T> LoadVector64<T>(T* p) => LoadVector64(p);
        [Intrinsic] public static Vector128<T> LoadAndReplicateToVector128<T>(T* p) => LoadAndReplicateToVector128(p);
        [Intrinsic] public static Vector128<T> LoadAndInsertScalar<T>(Vector128<T> v, byte n, T* p) =>
            LoadAndInsertScalar(v, n, p);
        [Intrinsic] public static void Store<T>(T* p, Vector128<T> v) => Store(p, v);
        [Intrinsic] public static void Store<T>(T* p, Vector64<T> v) => Store(p, v);
        [Intrinsic] public static T Extract<T>(Vector128<T> v, byte n) => Extract(v, n);
        [Intrinsic] public static Vector128<T> Insert<T>(Vector128<T> v, byte n, T x) => Insert(v, n, x);
        [Intrinsic] public static Vector128<T> DuplicateToVector128<T>(T v) => DuplicateToVector128(v);
        [Intrinsic] public static Vector128<T> DuplicateSelectedScalarToVector128<T>(Vector128<T> v, byte n) =>
            DuplicateSelectedScalarToVector128(v, n);
        [Intrinsic] public static Vector128<T> DuplicateSelectedScalarToVector128<T>(Vector64<T> v, byte n) =>
            DuplicateSelectedScalarToVector128(v, n);

        // Conversions
        [Intrinsic] public static Vector128<int> ConvertToInt32RoundToEven(Vector128<float> a) =>
            ConvertToInt32RoundToEven(a);
        [Intrinsic] public static Vector128<int> ConvertToInt32RoundToZero(Vector128<float> a) =>
            ConvertToInt32RoundToZero(a);
        [Intrinsic] public static Vector128<float> ConvertToSingle(Vector128<int> a) => ConvertToSingle(a);
        [Intrinsic] public static Vector128<float> ConvertToSingle(Vector128<uint> a) => ConvertToSingle(a);
        [Intrinsic] public static Vector128<float> RoundToNearest(Vector128<float> a) => RoundToNearest(a);
        [Intrinsic] public static Vector64<sbyte> ExtractNarrowingLower(Vector128<short> a) => ExtractNarrowingLower(a);
        [Intrinsic] public static Vector128<sbyte> ExtractNarrowingUpper(Vector64<sbyte> l, Vector128<short> a) =>
            ExtractNarrowingUpper(l, a);
        [Intrinsic] public static Vector64<short> ExtractNarrowingLower(Vector128<int> a) => ExtractNarrowingLower(a);
        [Intrinsic] public static Vector128<short> ExtractNarrowingUpper(Vector64<short> l, Vector128<int> a) =>
            ExtractNarrowingUpper(l, a);
        [Intrinsic] public static Vector64<ushort> ExtractNarrowingLower(Vector128<uint> a) => ExtractNarrowingLower(a);
        [Intrinsic] public static Vector128<ushort> ExtractNarrowingUpper(Vector64<ushort> l, Vector128<uint> a) =>
            ExtractNarrowingUpper(l, a);
        [Intrinsic] public static Vector64<short> ExtractNarrowingSaturateLower(Vector128<int> a) =>
            ExtractNarrowingSaturateLower(a);
        [Intrinsic] public static Vector128<short> ExtractNarrowingSaturateUpper(Vector64<short> l, Vector128<int> a) =>
            ExtractNarrowingSaturateUpper(l, a);
        [Intrinsic] public static Vector64<sbyte> ExtractNarrowingSaturateLower(Vector128<short> a) =>
            ExtractNarrowingSaturateLower(a);
        [Intrinsic] public static Vector128<sbyte> ExtractNarrowingSaturateUpper(Vector64<sbyte> l,
            Vector128<short> a) =>
            ExtractNarrowingSaturateUpper(l, a);
        [Intrinsic] public static Vector128<ushort> ZeroExtendWideningLower(Vector64<byte> a) =>
            ZeroExtendWideningLower(a);
        [Intrinsic] public static Vector128<ushort> ZeroExtendWideningUpper(Vector128<byte> a) =>
            ZeroExtendWideningUpper(a);
        [Intrinsic] public static Vector128<uint> ZeroExtendWideningLower(Vector64<ushort> a) =>
            ZeroExtendWideningLower(a);
        [Intrinsic] public static Vector128<uint> ZeroExtendWideningUpper(Vector128<ushort> a) =>
            ZeroExtendWideningUpper(a);
        [Intrinsic] public static Vector128<short> SignExtendWideningLower(Vector64<sbyte> a) =>
            SignExtendWideningLower(a);
        [Intrinsic] public static Vector128<short> SignExtendWideningUpper(Vector128<sbyte> a) =>
            SignExtendWideningUpper(a);
        [Intrinsic] public static Vector128<int> SignExtendWideningLower(Vector64<short> a) =>
            SignExtendWideningLower(a);
        [Intrinsic] public static Vector128<int> SignExtendWideningUpper(Vector128<short> a) =>
            SignExtendWideningUpper(a);
        [Intrinsic] public static Vector128<uint> ShiftLeftLogicalWideningLower(Vector64<ushort> a, byte n) =>
            ShiftLeftLogicalWideningLower(a, n);
        [Intrinsic] public static Vector128<uint> ShiftLeftLogicalWideningUpper(Vector128<ushort> a, byte n) =>
            ShiftLeftLogicalWideningUpper(a, n);

        [Intrinsic] public static Vector128<int> ShiftLeftLogicalWideningLower(Vector64<short> a, byte n) =>
            ShiftLeftLogicalWideningLower(a, n);
        [Intrinsic] public static Vector128<int> ShiftLeftLogicalWideningUpper(Vector128<short> a, byte n) =>
            ShiftLeftLogicalWideningUpper(a, n);

        // Widening arithmetic
        [Intrinsic] public static Vector128<short> AddWideningLower(Vector128<short> a, Vector64<sbyte> b) =>
            AddWideningLower(a, b);
        [Intrinsic] public static Vector128<short> AddWideningUpper(Vector128<short> a, Vector128<sbyte> b) =>
            AddWideningUpper(a, b);
        [Intrinsic] public static Vector128<int> AddWideningLower(Vector128<int> a, Vector64<short> b) =>
            AddWideningLower(a, b);
        [Intrinsic] public static Vector128<int> AddWideningUpper(Vector128<int> a, Vector128<short> b) =>
            AddWideningUpper(a, b);
        [Intrinsic] public static Vector128<ushort> AddWideningLower(Vector128<ushort> a, Vector64<byte> b) =>
            AddWideningLower(a, b);
        [Intrinsic] public static Vector128<ushort> AddWideningUpper(Vector128<ushort> a, Vector128<byte> b) =>
            AddWideningUpper(a, b);
        [Intrinsic] public static Vector64<sbyte> AddRoundedHighNarrowingLower(Vector128<short> a,
            Vector128<short> b) =>
            AddRoundedHighNarrowingLower(a, b);
        [Intrinsic] public static Vector128<sbyte> AddRoundedHighNarrowingUpper(Vector64<sbyte> l, Vector128<short> a,
            Vector128<short> b) =>
            AddRoundedHighNarrowingUpper(l, a, b);
        [Intrinsic] public static Vector128<short> AddPairwiseWidening(Vector128<sbyte> a) => AddPairwiseWidening(a);
        [Intrinsic] public static Vector128<ushort> AddPairwiseWidening(Vector128<byte> a) => AddPairwiseWidening(a);
        [Intrinsic] public static Vector128<int> AddPairwiseWidening(Vector128<short> a) => AddPairwiseWidening(a);
        [Intrinsic] public static Vector128<short> AddPairwiseWideningAndAdd(Vector128<short> s, Vector128<sbyte> a) =>
            AddPairwiseWideningAndAdd(s, a);
        [Intrinsic] public static Vector128<int> AddPairwiseWideningAndAdd(Vector128<int> s, Vector128<short> a) =>
            AddPairwiseWideningAndAdd(s, a);
        [Intrinsic] public static Vector128<uint> AddPairwiseWideningAndAdd(Vector128<uint> s, Vector128<ushort> a) =>
            AddPairwiseWideningAndAdd(s, a);
        [Intrinsic] public static Vector128<short> MultiplyWideningLower(Vector64<sbyte> a, Vector64<sbyte> b) =>
            MultiplyWideningLower(a, b);
        [Intrinsic] public static Vector128<short> MultiplyWideningUpper(Vector128<sbyte> a, Vector128<sbyte> b) =>
            MultiplyWideningUpper(a, b);
        [Intrinsic] public static Vector128<short> MultiplyWideningLowerAndAdd(Vector128<short> s, Vector64<sbyte> a,
            Vector64<sbyte> b) =>
            MultiplyWideningLowerAndAdd(s, a, b);
        [Intrinsic] public static Vector128<short> MultiplyWideningUpperAndAdd(Vector128<short> s, Vector128<sbyte> a,
            Vector128<sbyte> b) =>
            MultiplyWideningUpperAndAdd(s, a, b);
        [Intrinsic] public static Vector128<int> MultiplyWideningLowerAndAdd(Vector128<int> s, Vector64<short> a,
            Vector64<short> b) =>
            MultiplyWideningLowerAndAdd(s, a, b);
        [Intrinsic] public static Vector128<int> MultiplyWideningUpperAndAdd(Vector128<int> s, Vector128<short> a,
            Vector128<short> b) =>
            MultiplyWideningUpperAndAdd(s, a, b);
        [Intrinsic] public static Vector128<int> MultiplyBySelectedScalarWideningLowerAndAdd(Vector128<int> s,
            Vector64<short> a, Vector128<short> b, byte n) =>
            MultiplyBySelectedScalarWideningLowerAndAdd(s, a, b, n);
        [Intrinsic] public static Vector128<int> MultiplyBySelectedScalarWideningUpperAndAdd(Vector128<int> s,
            Vector128<short> a, Vector128<short> b, byte n) =>
            MultiplyBySelectedScalarWideningUpperAndAdd(s, a, b, n);

        [Intrinsic]
        public abstract class Arm64
        {
            [Intrinsic] public static Vector64<T> AddAcross<T>(Vector128<T> a) => AddAcross(a);
            [Intrinsic] public static Vector128<T> AddPairwise<T>(Vector128<T> a, Vector128<T> b) => AddPairwise(a, b);
            [Intrinsic] public static Vector64<ushort> MaxAcross(Vector128<ushort> a) => MaxAcross(a);
            [Intrinsic] public static Vector64<float> MaxAcross(Vector128<float> a) => MaxAcross(a);
            [Intrinsic] public static Vector128<T> Divide<T>(Vector128<T> a, Vector128<T> b) => Divide(a, b);
            [Intrinsic] public static Vector128<T> Sqrt<T>(Vector128<T> a) => Sqrt(a);
            [Intrinsic] public static Vector128<float> FusedMultiplyAddBySelectedScalar(Vector128<float> s,
                Vector128<float> a, Vector128<float> b, byte n) =>
                FusedMultiplyAddBySelectedScalar(s, a, b, n);
            [Intrinsic] public static Vector128<float> FusedMultiplySubtractBySelectedScalar(Vector128<float> s,
                Vector128<float> a, Vector128<float> b, byte n) =>
                FusedMultiplySubtractBySelectedScalar(s, a, b, n);
            [Intrinsic] public static Vector128<T> TransposeEven<T>(Vector128<T> a, Vector128<T> b) =>
                TransposeEven(a, b);
            [Intrinsic] public static Vector128<T> TransposeOdd<T>(Vector128<T> a, Vector128<T> b) =>
                TransposeOdd(a, b);
            [Intrinsic] public static Vector128<T> UnzipEven<T>(Vector128<T> a, Vector128<T> b) => UnzipEven(a, b);
            [Intrinsic] public static Vector128<T> UnzipOdd<T>(Vector128<T> a, Vector128<T> b) => UnzipOdd(a, b);
            [Intrinsic] public static Vector128<T> ZipHigh<T>(Vector128<T> a, Vector128<T> b) => ZipHigh(a, b);
            [Intrinsic] public static Vector128<T> ZipLow<T>(Vector128<T> a, Vector128<T> b) => ZipLow(a, b);
            [Intrinsic] public static Vector128<T> VectorTableLookup<T>(Vector128<T> t, Vector128<T> i) =>
                VectorTableLookup(t, i);
            [Intrinsic] public static Vector128<T> VectorTableLookup<T>((Vector128<T>, Vector128<T>) t,
                Vector128<T> i) =>
                VectorTableLookup(t, i);
        }
    }

    [Intrinsic]
    public abstract unsafe class Dp : AdvSimd
    {
        [Intrinsic] public static Vector128<int> DotProduct(Vector128<int> s, Vector128<sbyte> a, Vector128<sbyte> b) =>
            DotProduct(s, a, b);
        [Intrinsic] public static Vector128<uint> DotProduct(Vector128<uint> s, Vector128<byte> a, Vector128<byte> b) =>
            DotProduct(s, a, b);
        [Intrinsic] public static Vector128<int> DotProductBySelectedQuadruplet(Vector128<int> s, Vector128<sbyte> a,
            Vector128<sbyte> b, byte n) =>
            DotProductBySelectedQuadruplet(s, a, b, n);
        [Intrinsic] public static Vector128<uint> DotProductBySelectedQuadruplet(Vector128<uint> s, Vector128<byte> a,
            Vector128<byte> b, byte n) =>
            DotProductBySelectedQuadruplet(s, a, b, n);
    }
}

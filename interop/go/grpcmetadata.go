package interop

import (
	"google.golang.org/grpc/metadata"

	"interop/gen/interopv1"
)

// ToMetadata makes grpc-go's metadata of pairs; grpc-go itself encodes what is binary.
func ToMetadata(pairs ...[]*interopv1.Pair) metadata.MD {
	result := metadata.MD{}
	for _, some := range pairs {
		for _, pair := range some {
			value := pair.GetValue()
			if IsBinary(pair.GetName()) && !pair.GetRaw() {
				value = string(pair.GetBinary())
			}
			result.Append(pair.GetName(), value)
		}
	}
	return result
}

// PickMetadata gives the pairs that metadata has of the names.
func PickMetadata(from metadata.MD, names []string) []*interopv1.Pair {
	var pairs []*interopv1.Pair
	for _, name := range names {
		for _, value := range from.Get(name) {
			pair := &interopv1.Pair{Name: name}
			if IsBinary(name) {
				pair.Binary = []byte(value)
			} else {
				pair.Value = value
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

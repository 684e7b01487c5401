"""Stand-in."""
import numpy as np
def check_label_names(n): return tuple(n)
def collect_label_names(cells,*,delimiter=None):
    return sorted({str(x) for c in cells for x in (c if isinstance(c,list) else [c])})
def encode_binary(c,n): return np.array([[float(str(x)==n[1])] for x in c],"float32")
def encode_class_ids(c,n):
    ix={k:i for i,k in enumerate(n)}; return np.array([ix[str(x)] for x in c],"int32")
def encode_multi_hot(c,n,*,delimiter=None):
    ix={k:i for i,k in enumerate(n)}; m=np.zeros((len(c),len(n)),"float32")
    for i,x in enumerate(c): m[i,[ix[y] for y in x]]=1
    return m
def multi_hot_from_columns(l,c): return np.array([l[x] for x in c],"float32").T

"""`kb.layers`: the layers between an encoder's hidden states and the probabilities."""

from kerasbert.classifiers.combining import AttentionCombination as AttentionCombination
from kerasbert.classifiers.combining import WeightedCombination as WeightedCombination
from kerasbert.classifiers.features import Features as Features
from kerasbert.classifiers.head import ClassificationHead as ClassificationHead
from kerasbert.classifiers.hierarchical_head import HierarchicalHead as HierarchicalHead
from kerasbert.classifiers.hierarchical_head import LevelProbabilities as LevelProbabilities
from kerasbert.classifiers.pooling import AttentionPooling as AttentionPooling
from kerasbert.classifiers.pooling import FirstTokenPooling as FirstTokenPooling
from kerasbert.classifiers.pooling import LastTokenPooling as LastTokenPooling
from kerasbert.classifiers.pooling import MaxPooling as MaxPooling
from kerasbert.classifiers.pooling import MeanPooling as MeanPooling
from kerasbert.classifiers.pooling import MultiHeadAttentionPooling as MultiHeadAttentionPooling
from kerasbert.classifiers.pooling import PoolerPooling as PoolerPooling
from kerasbert.classifiers.pooling import Pooling as Pooling
from kerasbert.classifiers.text_tokens import TextTokens as TextTokens
from kerasbert.classifiers.votes import LayerVotes as LayerVotes
from kerasbert.classifiers.windows import WindowPooling as WindowPooling

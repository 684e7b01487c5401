"""A text classifier with a head that transformers does not have, as kerasbert 0.1.0 exported it."""

import torch
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class KerasbertConfig(PreTrainedConfig):
    model_type = "kerasbert"


class KerasbertClassifier(PreTrainedModel):
    config_class = KerasbertConfig
    base_model_prefix = "bert"

    def __init__(self, config):
        super().__init__(config)
        self.bert = AutoModel.from_config(AutoConfig.for_model(**config.encoder), add_pooling_layer=False)
        zeros = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in config.weights.items()}
        self.weights = torch.nn.ParameterDict(zeros)
        self.dropout = torch.nn.Dropout(0.1)
        self.post_init()

    def _init_weights(self, module):
        pass  # every weight is in the file

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None):
        attention_mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        tokens = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
        tokens = {
            name: value
            for name, value in tokens.items()
            if name in ("input_ids", "attention_mask", "token_type_ids") and value is not None
        }
        logits = self.outputs(**tokens)["probabilities"]
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def outputs(self, **tokens):
        """Of each head logits, (batch, units)."""
        output = self.bert(**tokens, output_hidden_states=True)
        mask = tokens["attention_mask"]
        states = [output.hidden_states[index] for index in [1, 2]]
        vector = self.pool("features/pooling", self.combine("features/combination", states), mask)
        return {name: self.classify(name, vector, "logits") for name in ["probabilities"]}

    def probabilities(self, **tokens):
        """Of each label of each head; a head with one unit gives that of its second label."""
        outputs = self.outputs(**tokens)
        return {"probabilities": outputs["probabilities"].softmax(-1)}

    def dense(self, name, x):
        return x @ self.weights[f"{name}/kernel"] + self.weights[f"{name}/bias"]

    def pool(self, name, hidden, mask):
        scores = torch.tanh(self.dense(f"{name}/hidden", hidden)) @ self.weights[f"{name}/score/kernel"]
        weights = scores[..., 0].masked_fill(mask == 0, -3e4).softmax(-1)
        return (weights[..., None] * hidden).sum(1)

    def combine(self, name, states):
        return torch.stack(states).mean(0)

    def classify(self, name, hidden, last):
        return self.dense(f"{name}/{last}", self.dropout(hidden))

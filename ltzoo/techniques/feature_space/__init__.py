"""Parts of feature-space augmentation: activation maps, confusing classes, fusion and the cut of the network."""

from ltzoo.techniques.feature_space.activation_maps import class_activation_maps as class_activation_maps
from ltzoo.techniques.feature_space.activation_maps import class_masks as class_masks
from ltzoo.techniques.feature_space.activation_maps import normalize_maps as normalize_maps
from ltzoo.techniques.feature_space.confusing_classes import class_score_matrix as class_score_matrix
from ltzoo.techniques.feature_space.confusing_classes import confusing_classes as confusing_classes
from ltzoo.techniques.feature_space.confusing_classes import scored_batches as scored_batches
from ltzoo.techniques.feature_space.fusion import draw_fusion as draw_fusion
from ltzoo.techniques.feature_space.fusion import fuse_at_locations as fuse_at_locations
from ltzoo.techniques.feature_space.fusion import fuse_per_location as fuse_per_location
from ltzoo.techniques.feature_space.fusion import location_sets as location_sets
from ltzoo.techniques.feature_space.network_split import split_backbone as split_backbone
from ltzoo.techniques.feature_space.network_split import stage_ends as stage_ends
from ltzoo.techniques.feature_space.requirements import check_frozen as check_frozen
from ltzoo.techniques.feature_space.requirements import check_parts as check_parts

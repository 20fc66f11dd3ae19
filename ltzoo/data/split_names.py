"""Names of folders that mean training, validation or test, in any common spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORDS = {
    "train": (
        "train training trains trn traning trainval learn learning entrenamiento entrainement apprentissage treino "
        "treinamento trainings addestramento trening treningowy тренировка обучение 训练 訓練 学習 학습 훈련"
    ),
    "val": (
        "val valid validation validate validating validations vali vld dev devel development tune tuning validacion "
        "validacao validierung validierungs validazione validatie walidacja валидация проверка 验证 驗證 検証 검증"
    ),
    "test": (
        "test testing tests tst eval evaluation evaluate evaluating holdout heldout prueba pruebas teste testes тест "
        "тестирование 测试 測試 テスト 테스트"
    ),
}
_BESIDE = (
    "the set sets data dataset datasets images image imgs img pictures photos split splits folder dir samples part "
    "subset jpg jpeg png resized cropped daten datensatz bilder fotos satz menge donnees jeu datos imagenes conjunto "
    "dados imagens dati immagini dane zdjecia данные изображения выборка 集 数据 数据集 图片 图像 "
    "データ 画像 データセット 데이터"
)


def _plain(text: str) -> str:
    """Return a text in lower case without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not unicodedata.combining(c))).casefold()


_ROLE_OF_WORD = {_plain(word): role for role, words in _WORDS.items() for word in words.split()}
_LONGEST_FIRST = sorted(_ROLE_OF_WORD, key=lambda word: (-len(word), word))
_SPLIT = "|".join(map(re.escape, _LONGEST_FIRST))
_REST = "|".join(sorted(map(_plain, _BESIDE.split()), key=lambda word: -len(word)))
_WHOLE = re.compile(rf"(?:{_REST})*({_SPLIT})(?:{_REST})*")
_END = re.compile(rf"(.+?)({_SPLIT})(?:{_REST})*")
_START = re.compile(rf"({_SPLIT})(.+)")


def split_role(name: str) -> str | None:
    """Return the split that a folder name means: "train", "val", "test", or None.

    Case, digits, punctuation and words such as "set", "data" and "images" do not matter: Training, TRAIN-set,
    train_images, `train2017` and "01 train" all mean training.
    """
    match = _WHOLE.fullmatch("".join(_words(name)))
    return _ROLE_OF_WORD[match[1]] if match else None


def split_with_prefix(name: str) -> tuple[str, str] | None:
    """Return `(split, rest)` of a name such as cats_train, catsTest or train_cats; None without a rest."""
    words = _words(name)
    if split_role(name) is not None or not words:
        return None
    if len(words) > 1:
        for position in (-1, 0):
            role = split_role(words[position])
            if role is not None:
                return role, "".join(words[:-1] if position else words[1:])
    match = _END.fullmatch("".join(words))
    return (_ROLE_OF_WORD[match[2]], match[1]) if match else None


def suspicious_pair(names: Sequence[str]) -> tuple[str, str] | None:
    """Return two names that differ only in the split that they mean, such as cats_train and cats_test."""
    first_of_rest: dict[str, tuple[str, str]] = {}
    for name in names:
        found = split_with_prefix(name)
        if found is None:
            continue
        role, rest = found
        earlier_role, earlier_name = first_of_rest.setdefault(rest, (role, name))
        if earlier_role != role:
            return earlier_name, name
    return None


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case, without digits, punctuation and accents."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name))
    return re.findall(r"[^\W\d_]+", _plain(parted))
